import psycopg
import pytest

from bench import workload
from bench.peers import pgbench
from bench.seed import seed
from kit.ids import new_id


class TestSteps:
    def test_sell_one_unit_and_leave_the_books_even(self, database):
        seed(database)
        values = workload.values(str(new_id()), 7)
        with psycopg.connect(database) as connection:
            for step in workload.STEPS:
                workload.run_step(connection, step, values)
            row = connection.execute(_BOOKS, values).fetchone()
        assert row == ("paid", "captured", "committed", 999_999, 0, 999_999)

    def test_stop_at_what_is_not_there(self, database):
        seed(database, on_hand=1)
        first, second = (workload.values(str(new_id()), 7) for _ in range(2))
        with psycopg.connect(database) as connection:
            for values in (first, second):
                workload.run_step(connection, workload.PLACE, values)
            workload.run_step(connection, workload.RESERVE, first)
            with pytest.raises(workload.OutOfStock):
                workload.run_step(connection, workload.RESERVE, second)


_BOOKS = """
    SELECT o.status, p.status, r.state, s.on_hand, s.reserved,
        (SELECT sum(quantity) FROM stock_movements m WHERE m.product_id = s.product_id)
    FROM orders o JOIN payments p ON p.order_id = o.id JOIN reservations r ON r.order_id = o.id
    JOIN stock s USING (product_id, warehouse_id) WHERE o.id = %(order)s"""


class TestPgbenchScript:
    def test_has_the_statements_of_every_step_and_no_parameter_left(self):
        script = pgbench.script(one_transaction=False)
        statements = [line for line in script.splitlines() if line.startswith(("INSERT", "UPDATE"))]
        assert len(statements) == sum(map(len, workload.STEPS))
        assert "%(" not in script
        assert script.count("BEGIN;") == script.count("COMMIT;") == sum(len(step) > 1 for step in workload.STEPS)

    def test_can_have_them_in_one_transaction(self):
        assert pgbench.script(one_transaction=True).count("COMMIT;") == 1

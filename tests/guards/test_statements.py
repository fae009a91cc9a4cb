"""A statement names tables of the area that it is in, or of a lower one: SQL is an import, too."""

import pytest

from domain.areas import AREAS
from migrations.functions import FILES
from tests.guards.statements import OWNERS, named_tables, tables_of

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""(file, table of a higher area): why."""

LAYERS = ["kit", *AREAS, "saga", "above"]


def layer_of(place: str) -> str:
    """The layer of a file or module: kit, an area, the sagas, or what stands above all of them."""
    top, _, rest = place.replace(".", "/").partition("/")
    if top == "migrations":
        rest = rest.removeprefix("functions/")
    part = rest.split("/")[0]
    if top in {"domain", "api", "migrations"}:
        return part if part in LAYERS else "above"
    return top if top in LAYERS else "above"


def is_higher(table: str, file: str) -> bool:
    owner = OWNERS[table]
    if file.startswith("saga/engine/") and not owner.startswith(("saga.", "kit.")):
        return True  # the engine knows sagas of any subject
    return LAYERS.index(layer_of(owner)) > LAYERS.index(layer_of(file))


class TestStatements:
    def test_name_no_tables_of_higher_areas(self):
        upwards = {(file, table) for file, table in named_tables() if is_higher(table, file)}
        assert upwards - EXCEPTIONS.keys() == set()
        assert EXCEPTIONS.keys() - upwards == set()

    def test_are_found_in_strings_expressions_and_functions(self):
        found = set(named_tables())
        assert ("domain/sales/order_context.py", "products") in found  # a string
        assert ("domain/access/queries.py", "users") in found  # an expression
        assert ("migrations/functions/saga/lock_sagas.sql", "saga_steps") in found
        assert ("domain/accounts/retention.py", "sessions") in found

    def test_are_filed_by_area_if_they_are_functions(self):
        assert {path.parent.name for path in FILES.values()} <= set(LAYERS)


class TestTablesOf:
    @pytest.mark.parametrize(
        ("sql", "names"),
        [
            ("SELECT * FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.id = ANY(%(o)s)", {"orders", "shops"}),
            ("WITH users AS (SELECT id FROM orders) SELECT * FROM users", {"orders"}),
            ("(SELECT count(*) FROM products p WHERE p.shop_id = s.id) AS products", {"products"}),
            ("INSERT INTO stock (id) SELECT product_id FROM order_lines, sagas", {"stock", "order_lines", "sagas"}),
            ("UPDATE mails SET status = %s FROM payments WHERE true RETURNING id", {"mails", "payments"}),
            ("DELETE FROM outbox WHERE id IN (SELECT id FROM outbox FOR UPDATE SKIP LOCKED)", {"outbox"}),
            ("a sentence that reads FROM orders to here", {"orders"}),
            ("Choose one of the users from the list.", set()),
        ],
    )
    def test_are_known(self, sql, names):
        assert tables_of(sql) == names

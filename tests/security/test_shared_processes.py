"""Connections, threads and workers that serve several companies carry nothing over between them."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from domain.companies.models import Company
from kit import db
from kit.tenancy import Tenant
from saga.cancel_order import CANCEL_ORDER
from saga.engine.executor import run_steps
from saga.engine.journal import SagaNotFound
from saga.engine.locked_saga import SagaRef
from saga.place_order import PLACE_ORDER
from tests import factories
from tests.api.client import Api
from tests.api.policies import LISTED, QUERIES
from tests.api.world import filled
from tests.connections import reconnect
from tests.saga.message_deliveries import Deliveries

COMPANIES = "SELECT count(*), count(*) FILTER (WHERE company_id = :ours) FROM {}"
TABLES = ("orders", "order_lines", "payments", "payment_events", "stock", "stock_movements", "sagas", "mails")


@pytest.fixture
def one_connection(monkeypatch):
    """A process with a single connection to the database."""
    monkeypatch.setenv("ORDERX_POOL_SIZE", "1")
    reconnect()
    yield
    monkeypatch.undo()
    reconnect()


@pytest.fixture
def admins(world):
    """A client of the admin of each of the two companies."""
    other = Company(id=world.places["other company"]["company_id"])
    acting = Api(world.app).acting_as(factories.make_member(other), other)
    return {"own shop": world.callers["company_admin"], "other company": acting}


def strays(admins, world, at):
    """The ids of the other company in the lists that the admin can read."""
    (elsewhere,) = admins.keys() - {at}
    foreign = {str(each) for each in world.places[elsewhere].values()}
    shown = ""
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint in LISTED:
            path = rule.build({name: world.places[at][name] for name in rule.arguments})[1]
            shown += admins[at].get(path, query_string=filled(QUERIES.get(rule.endpoint), world.places[at])).text
    assert str(world.places[at]["order_id"]) in shown
    return {each for each in foreign if each in shown}


class TestConnection:
    def test_shows_each_company_only_its_own_rows(self, world, admins, one_connection):
        for at in ("own shop", "other company", "own shop", "other company"):
            assert strays(admins, world, at) == set()
            failed = admins[at].patch(f"/api/products/{world.places[at]['product_id']}", {"name": "x" * 300})
            assert failed.status_code == 422  # and the next transaction is on the same connection

    def test_shows_each_thread_only_its_own_rows(self, world, admins, one_connection):
        turns = [at for _ in range(6) for at in admins]
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda at: strays(admins, world, at), turns))
        assert found == [set()] * len(turns)


class TestWorker:
    def test_sees_only_rows_of_the_company_whose_task_it_runs(self, world, mail_server):
        deliveries = Deliveries((PLACE_ORDER, CANCEL_ORDER))
        deliveries.collect()
        by_company = {}
        for task in deliveries.tasks:
            by_company.setdefault(task["kwargs"]["company_id"], []).append(task)
        assert len(by_company) == 2
        for company_id, tasks in by_company.items():
            deliveries.tasks = tasks
            deliveries.deliver_all()
            assert seen(Tenant()) == dict.fromkeys(TABLES, (0, 0))
            for total, own in seen(Tenant(company_id=UUID(company_id)), UUID(company_id)).values():
                assert total == own

    def test_refuses_a_message_that_names_another_company(self, world, database):
        with psycopg.connect(database) as owner:
            found = owner.execute("SELECT id FROM sagas WHERE company_id <> %s", [world.company.id])
            (theirs,) = found.fetchone()
        with pytest.raises(SagaNotFound):
            run_steps({SagaRef(theirs, world.company.id): ["reserve_stock"]}, Deliveries((PLACE_ORDER,)).find)


def seen(tenant, ours=None):
    """By table: the number of visible rows, and how many of them belong to the company."""
    with db.transaction(tenant):
        session = db.session()
        counts = {table: session.execute(text(COMPANIES.format(table)), {"ours": ours}).one() for table in TABLES}
    return {table: tuple(count) for table, count in counts.items()}

import pytest
from typer.testing import CliRunner

from domain.inventory import reservations as inventory
from kit.errors import Conflict
from ops.cli import app
from tests.saga.order_scenario import OrderScenario


@pytest.fixture
def orderx():
    """Runs the command: (exit code, what it printed, but for what it logged)."""

    def running(*words):
        done = CliRunner().invoke(app, [str(word) for word in words])
        return done.exit_code, "".join(line for line in done.output.splitlines(keepends=True) if '"level":' not in line)

    return running


@pytest.fixture
def scenario(database):
    """A shop that gives things away: what costs nothing asks no payment provider."""
    return OrderScenario(database, price=0)


@pytest.fixture
def commit_refuses(monkeypatch):
    """Selling what is held is refused as long as this is so."""

    def refuse(**_):
        raise Conflict("the shelf is empty")

    with monkeypatch.context() as spoilt:
        spoilt.setattr(inventory, "commit", refuse)
        yield spoilt


@pytest.fixture
def stuck(scenario, commit_refuses):
    """Two orders whose sagas are stuck in commit_stock; the cause is mended."""
    orders = [scenario.place(), scenario.place()]
    scenario.deliveries.deliver_all()
    commit_refuses.undo()
    assert [scenario.saga(order).state for order in orders] == ["stuck", "stuck"]
    return orders

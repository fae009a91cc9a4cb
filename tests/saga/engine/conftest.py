import pytest

from tests.saga.engine.workshop import Workshop


@pytest.fixture
def workshop(database):
    return Workshop(database)


@pytest.fixture
def script(workshop):
    return workshop.script

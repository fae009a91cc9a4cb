"""Which version of a saga new sagas get."""

import pytest

from saga.engine.definition import then
from saga.engine.errors import InvalidDefinition
from saga.rules.started_versions import STARTS, started_version, version_to_start


@pytest.fixture
def versions(harness, script):
    """Two versions of a saga."""
    return [harness.saga(then(script.step("fold")), version=version) for version in (1, 2)]


class TestStarting:
    def test_is_version_one_of_a_saga_that_is_not_listed(self, versions):
        assert version_to_start(*versions) is versions[0]

    def test_is_the_listed_version(self, versions, monkeypatch):
        monkeypatch.setitem(STARTS, "toy", 2)
        assert started_version("toy") == 2
        assert version_to_start(*versions) is versions[1]

    def test_names_the_versions_among_which_the_one_to_start_is_missing(self, versions):
        with pytest.raises(InvalidDefinition, match="toy 2"):
            version_to_start(versions[1])

"""The list of areas agrees with the folders, and the import contract follows it."""

import re
from types import ModuleType

import grimp
import pytest

from domain import areas
from kit.permissions import Permission
from tests.guards import areas_contract
from tests.guards.areas_contract import AreasContract
from tests.guards.source_tree import ROOT


def test_every_folder_of_domain_is_an_area():
    folders = {path.parent.name for path in ROOT.glob("domain/*/__init__.py")}
    assert folders == set(areas.AREAS)


def test_modules_are_named_by_what_they_do():
    names = {path.stem for path in ROOT.glob("domain/*/*.py")}
    assert names & {"operations", "service", "services", "utils", "helpers", "manager", "common"} == set()


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("domain", cache_dir=None)


class TestImportContract:
    def test_is_kept_in_the_order_of_the_list(self, graph):
        assert AreasContract("areas", {"root_packages": ["domain"]}, {}).check(graph, verbose=False).kept

    def test_is_broken_if_a_lower_area_is_listed_above_one_that_imports_it(self, graph, monkeypatch):
        monkeypatch.setattr(areas_contract, "AREAS", tuple(reversed(areas.AREAS)))
        assert not AreasContract("areas", {"root_packages": ["domain"]}, {}).check(graph, verbose=False).kept

    def test_is_broken_by_a_folder_that_is_no_area(self, graph, monkeypatch):
        monkeypatch.setattr(areas_contract, "AREAS", areas.AREAS[1:])
        assert not AreasContract("areas", {"root_packages": ["domain"]}, {}).check(graph, verbose=False).kept


class TestPermissions:
    @pytest.fixture
    def declare(self, monkeypatch):
        """Declares permissions in trial areas, which replace all areas."""

        def declare(**by_area):
            modules = []
            for area, names in by_area.items():
                modules.append(ModuleType(f"domain.{area}.permissions"))
                for name in names:
                    setattr(modules[-1], name.upper(), Permission(name, "A trial.", lowest_role="staff"))
            monkeypatch.setattr(areas, "modules", lambda layer, name: modules)

        return declare

    def test_are_those_of_all_areas_in_order(self, declare):
        declare(gift_cards=["read_gift_cards", "write_gift_cards"], coupons=["read_coupons"])
        assert list(areas.permissions()) == ["read_gift_cards", "write_gift_cards", "read_coupons"]

    def test_are_declared_once(self, declare):
        declare(gift_cards=["read_cards"], coupons=["read_cards"])
        with pytest.raises(ValueError, match=r"two permissions are called read_cards.*domain\.coupons"):
            areas.permissions()

    def test_each_say_in_a_sentence_what_they_allow(self):
        said = [each.allows for each in areas.permissions().values()]
        assert [each for each in said if not re.fullmatch(r"[A-Z][^.]+\.", each)] == []


class TestModules:
    def test_finds_the_module_of_each_area_in_order(self):
        found = [module.__name__ for module in areas.modules("domain", "retention")]
        assert found == [f"domain.{name}.retention" for name in areas.AREAS if f"domain.{name}.retention" in found]
        assert "domain.sales.retention" in found

    def test_leaves_out_areas_without_one(self):
        assert not list(areas.modules("domain", "no_such_module"))
        assert not list(areas.modules("no_such_layer"))

    def test_finds_packages(self):
        assert all(isinstance(module, ModuleType) for module in areas.modules("api"))
        assert "api.sales" in [module.__name__ for module in areas.modules("api")]

    def test_names_the_areas_that_have_one(self):
        assert areas.with_module("domain", "no_such_module") == []
        assert {"notifications", "payments", "inventory"} <= set(areas.with_module("saga.steps"))
        assert "accounts" not in areas.with_module("saga.steps")

    def test_finds_those_of_an_area_with_two_words(self, monkeypatch, tmp_path):
        package = tmp_path / "trial_layer" / "gift_cards"
        package.mkdir(parents=True)
        (package / "checks.py").write_text("CHECKS = ()\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(areas, "AREAS", ("gift_cards",))
        assert [module.__name__ for module in areas.modules("trial_layer", "checks")] == [
            "trial_layer.gift_cards.checks"
        ]

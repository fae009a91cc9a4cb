"""The list of areas agrees with the folders and with the import contract."""

import tomllib
from types import ModuleType

from domain import areas
from tests.guards.source_tree import ROOT


def test_every_folder_of_domain_is_an_area():
    folders = {path.parent.name for path in ROOT.glob("domain/*/__init__.py")}
    assert folders == set(areas.AREAS)


def test_the_import_contract_has_the_same_order():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    contract = next(each for each in contracts if each["name"] == "Areas import lower areas only")
    assert contract["layers"] == ["areas", *reversed(areas.AREAS)]


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

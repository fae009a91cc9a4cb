"""What may be changed of a row is a declared type; nothing else can be set."""

import ast

import pytest
from sqlalchemy import inspect

from api.accounts.profile_schemas import ProfileChangeSchema
from api.catalogue.schemas import NewProductSchema, ProductChangeSchema
from api.companies.schemas import CompanyChangeSchema, NewCompanySchema
from api.customers.schemas import CustomerChangeSchema
from api.shops.location_schemas import LocationChangeSchema, NewLocationSchema
from api.shops.schemas import NewShopSchema, ShopChangeSchema
from domain.accounts import profile
from domain.accounts.models import User
from domain.catalogue import products as catalogue
from domain.catalogue.models import Product
from domain.companies import company_settings as companies
from domain.companies.models import Company
from domain.customers import records as customers
from domain.customers.models import Customer
from domain.shops import locations
from domain.shops import shop_lifecycle as shops
from domain.shops.events import SHOP_UPDATED, ShopUpdated
from domain.shops.models import Location, Shop
from kit import clock, db
from kit.changes import apply_and_announce
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.guards.source_tree import ROOT, sources, tree

DECLARED = {
    Company: (companies.CompanyChanges, CompanyChangeSchema),
    Shop: (shops.ShopChanges, ShopChangeSchema),
    Location: (locations.LocationChanges, LocationChangeSchema),
    Product: (catalogue.ProductChanges, ProductChangeSchema),
    Customer: (customers.CustomerChanges, CustomerChangeSchema),
    User: (profile.ProfileChanges, ProfileChangeSchema),
}
COLUMNS = {model: set(inspect(model).columns.keys()) for model in DECLARED}
MADE_WITH = {
    NewCompanySchema: companies.CompanyChanges.__annotations__.keys() | {"currency"},
    NewShopSchema: shops.ShopChanges.__annotations__.keys(),
    NewLocationSchema: locations.LocationChanges.__annotations__.keys(),
    NewProductSchema: catalogue.ProductChanges.__annotations__.keys() | {"shop_id", "sku"},
}


class TestDeclarations:
    @pytest.mark.parametrize("model", DECLARED, ids=lambda model: model.__name__)
    def test_are_columns_and_what_the_api_takes(self, model):
        changes, schema = DECLARED[model]
        assert changes.__annotations__.keys() <= COLUMNS[model]
        assert changes.__annotations__.keys() == schema().fields.keys()

    @pytest.mark.parametrize("schema", MADE_WITH, ids=lambda schema: schema.__name__)
    def test_are_what_the_api_takes_for_new_ones(self, schema):
        assert schema().fields.keys() == MADE_WITH[schema]


class TestCode:
    def test_sets_columns_by_name_in_one_place_alone(self):
        setting = {
            str(path.relative_to(ROOT))
            for path in sources("domain", "saga", "api", "workers")
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr"
        }
        assert setting == set()  # but for kit/changes.py

    def test_takes_no_keywords_that_no_type_declares(self):
        loose = {
            f"{path.relative_to(ROOT)} {node.name}"
            for path in sources("domain", "saga")
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef) and node.args.kwarg and not is_declared(node.args.kwarg.annotation)
        }
        assert loose == {
            "domain/companies/history.py record",  # the detail of an event, kept as JSON
            "domain/companies/lifecycle.py _record_decision",  # the same, passed on
            "domain/notifications/mail_queue.py _enqueue_mail",  # arguments of a task
        }


def is_declared(annotation):
    return isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Unpack"


class TestUndeclaredColumns:
    """Those that are nobody's to change, and those that another operation changes."""

    @pytest.fixture
    def company(self, database):
        return factories.make_company()

    @pytest.fixture
    def shop(self, company):
        return factories.make_shop(company)

    def refused(self, company, act):
        with db.transaction(factories.acting_for(company)), pytest.raises(TypeError, match="does not declare"):
            act()

    @pytest.mark.parametrize("column", sorted(COLUMNS[Company] - companies.CompanyChanges.__annotations__.keys()))
    def test_of_a_company_are_not_set(self, company, column):
        self.refused(company, lambda: companies.change(company_id=company.id, name="Ink", **{column: None}))
        with db.transaction(factories.acting_for(company)):
            assert db.session().get_one(Company, company.id).name == company.name

    def test_of_a_company_are_not_set_when_it_is_founded(self, database):
        company_id = new_id()
        with db.transaction(Tenant(company_id=company_id)), pytest.raises(TypeError, match="declare suspended_at"):
            companies.create(
                company_id=company_id,
                name="Ink",
                email="a@ink.example",
                currency="EUR",
                now=clock.now(),
                suspended_at=None,
            )

    @pytest.mark.parametrize("column", ["company_id", "closed_at", "version", "created_at"])
    def test_of_a_shop_are_not_set(self, company, shop, column):
        self.refused(company, lambda: shops.change(shop_id=shop.id, name="Ink", **{column: None}))

    @pytest.mark.parametrize("column", ["id", "version", "created_at"])
    def test_of_a_location_are_not_set(self, company, shop, column):
        location, other = factories.make_location(shop), {column: None}
        kept_to = {"shop_id": shop.id, "name": "Quay"}
        self.refused(company, lambda: locations.change(location_id=location.id, **kept_to, **other))
        made = {"address": {}, "time_zone": "Europe/Brussels", **kept_to}
        self.refused(company, lambda: locations.add(company_id=company.id, **made, **other))

    @pytest.mark.parametrize("column", ["sku", "currency", "version", "company_id"])
    def test_of_a_product_are_not_set(self, company, shop, column):
        product = factories.make_product(shop)
        self.refused(company, lambda: catalogue.change_product(product_id=product.id, name="Ink", **{column: None}))

    @pytest.mark.parametrize(
        "values",
        [
            *(
                {column: None}
                for column in ("email", "password_hash", "verified_at", "default_company_id", "erased_at")
            ),
            {"notifications": {"pigeon": {}}},
            {"notifications": {"email": {"everything": True}}},
        ],
    )
    def test_of_a_user_are_not_set(self, database, values):
        user = factories.make_user()
        with db.transaction(Tenant(user_id=user.id)), pytest.raises(TypeError, match="does not declare"):
            profile.change(user_id=user.id, values={"name": "Eve", **values})
        with db.transaction(Tenant(user_id=user.id)):
            assert db.session().get_one(User, user.id).name == user.name


class TestApplyAndAnnounce:
    @pytest.fixture
    def shop(self, database):
        return factories.make_shop(factories.make_company())

    def change(self, shop, **values):
        with db.transaction(factories.acting_for(shop)):
            row = db.session().get_one(Shop, shop.id)
            changed = apply_and_announce(
                row, values, declared=shops.ShopChanges, event=SHOP_UPDATED, company_id=shop.company_id,
                payload=lambda row, changed: ShopUpdated(row.id, row.name, row.version, changed.names),
            )  # fmt: skip
        return changed, row

    def test_sets_and_announces_what_differs_and_returns_the_old_values(self, shop, published):
        changed, row = self.change(shop, offers_pickup=True, name="Quay", offers_delivery=True)
        assert (changed.names, changed.old) == (["name", "offers_pickup"], {"name": shop.name, "offers_pickup": False})
        assert (row.name, row.offers_pickup, row.offers_delivery, row.version) == ("Quay", True, True, 2)
        [announced] = published("shop.updated")
        assert (announced["changed"], announced["version"]) == (["name", "offers_pickup"], 2)

    def test_does_nothing_where_no_value_differs(self, shop, published):
        changed, row = self.change(shop, name=shop.name)
        assert (bool(changed), row.version, published("shop.updated")) == (False, 1, [])

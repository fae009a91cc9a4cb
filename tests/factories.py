"""Factories: each call creates rows through the domain's operations, in one committed transaction."""

from datetime import timedelta
from functools import cache
from itertools import count
from uuid import UUID

from domain.access import api_keys, invitations, memberships
from domain.access.models import ApiKey, Invitation
from domain.access.permission_sets import company_creator_permissions
from domain.access.roles import Role
from domain.accounts import passwords
from domain.accounts import users as accounts
from domain.accounts.models import User
from domain.catalogue import products as catalogue
from domain.catalogue.models import Product
from domain.companies import company_settings as companies
from domain.companies import lifecycle
from domain.companies.models import Company
from domain.companies.plans import PlanName
from domain.customers import addresses, groups, records
from domain.customers.models import Customer, CustomerAddress, CustomerGroup
from domain.inventory import stock_keeping
from domain.inventory.models import Stock, Warehouse
from domain.sales import placement as sales
from domain.sales.new_order import NewOrder
from domain.shops import locations
from domain.shops import shop_lifecycle as shops
from domain.shops.models import Location, Shop
from kit import clock, db
from kit.ids import new_id
from kit.money import Money
from kit.tenancy import Tenant
from ops.sandbox.cards import BY_NUMBER

PASSWORD = "correct horse battery"
_numbers = count(1)


def make_user(*, email: str | None = None, name: str = "Ada Lovelace", verified: bool = True) -> User:
    """A user whose password is PASSWORD."""
    email = email or f"user{next(_numbers)}@customers.example"
    with db.transaction(Tenant()):
        user = accounts.register(email=email, name=name, password_hash=_password_hash())
    if verified:
        with db.transaction(Tenant(user_id=user.id)):
            accounts.verify_email(user_id=user.id, now=clock.now())
    return user


def make_company(
    *, name: str = "Paper & Sons", currency: str = "EUR", allows_discount: bool = True, plan: PlanName = "trial"
) -> Company:
    """A company without a member."""
    company_id = new_id()
    with db.transaction(Tenant(company_id=company_id)):
        company = companies.create(
            company_id=company_id,
            name=name,
            email="hello@paper.example",
            currency=currency,
            now=clock.now(),
            allows_discount=allows_discount,
        )
        if plan != "trial":
            lifecycle.change_plan(company_id=company_id, plan=plan, by=new_id())
    return company


def make_member(company: Company, role: Role = "company_admin", *, shop: Shop | None = None) -> User:
    """A new user with this role in the company, or in the one shop of it."""
    user = make_user()
    join(user, company, role, shop=shop)
    return user


def join(user: User, company: Company, role: Role = "company_admin", *, shop: Shop | None = None) -> None:
    """Give a user this role in the company, or in the one shop of it."""
    with db.transaction(Tenant(company_id=company.id, user_id=user.id)):
        memberships.join(
            user_id=user.id,
            company_id=company.id,
            role=role,
            shop_id=shop.id if shop else None,
            actor=company_creator_permissions(),
        )


def make_key(maker: User, company: Company, permissions: set[str], *, shop: Shop | None = None) -> tuple[ApiKey, str]:
    """An API key that a member made, good for a day, and its secret."""
    with db.transaction(Tenant(company_id=company.id, user_id=maker.id)):
        return api_keys.create(
            company_id=company.id, created_by=maker.id, name="Robot", permissions=permissions,
            shop_id=shop.id if shop else None, expires_at=clock.now() + timedelta(days=1),
            actor=company_creator_permissions(),
        )  # fmt: skip


def invite(
    email: str, host: User, company: Company, role: Role = "staff", *, shop: Shop | None = None
) -> tuple[Invitation, str]:
    """An invitation by a member, and the token of its link; no mail is sent."""
    with db.transaction(Tenant(company_id=company.id, user_id=host.id)):
        return invitations.create(
            company_id=company.id, email=email, role=role, shop_id=shop.id if shop else None, invited_by=host.id,
            actor=company_creator_permissions(), now=clock.now(),
        )  # fmt: skip


def make_shop(company: Company, *, name: str | None = None) -> Shop:
    """A shop of the company."""
    with db.transaction(Tenant(company_id=company.id)):
        return shops.open_shop(company_id=company.id, now=clock.now(), name=name or f"Shop {next(_numbers)}")


def make_customer(company: Company, user: User) -> UUID:
    """The company's record of a user, as the user's first order creates it. Returns its id."""
    with db.transaction(Tenant(company_id=company.id, user_id=user.id)):
        return records.find_or_create_for_user(company_id=company.id, user_id=user.id, name=user.name, email=user.email)


def make_customer_in_group(company: Company) -> tuple[Customer, CustomerAddress, CustomerGroup]:
    """A guest of the company with an address, in a group."""
    with db.transaction(Tenant(company_id=company.id)):
        customer = records.create(company_id=company.id, name="Grace Hopper", now=clock.now())
        address = addresses.create(
            customer_id=customer.id, label="Office",
            address={"name": "Grace Hopper", "line1": "2 Harbour Street", "city": "Antwerp", "country": "BE"},
        )  # fmt: skip
        group = groups.create(company_id=company.id, name=f"Group {next(_numbers)}")
        groups.assign(customer_id=customer.id, group_ids=[group.id])
        return customer, address, group


def make_location(shop: Shop, *, time_zone: str = "Europe/Brussels", opening_hours: str | None = None) -> Location:
    """A place of the shop."""
    with db.transaction(acting_for(shop)):
        return locations.add(
            company_id=shop.company_id, shop_id=shop.id, name="Harbour Street", time_zone=time_zone,
            address={"name": "Paper & Sons", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"},
            opening_hours=opening_hours,
        )  # fmt: skip


def make_product(shop: Shop, *, price: int = 1999, currency: str = "EUR", name: str = "Notebook") -> Product:
    """A product of the shop, at `price` minor units."""
    with db.transaction(Tenant(company_id=shop.company_id)):
        return catalogue.create_product(
            company_id=shop.company_id,
            shop_id=shop.id,
            sku=f"sku-{next(_numbers)}",
            name=name,
            price=Money(price, currency),
            now=clock.now(),
        )


def make_warehouse(company: Company, *, name: str | None = None) -> Warehouse:
    """A warehouse of the company."""
    with db.transaction(Tenant(company_id=company.id)):
        return stock_keeping.create_warehouse(company_id=company.id, name=name or f"Warehouse {next(_numbers)}")


def put_stock(product: Product, warehouse: Warehouse, on_hand: int = 10) -> Stock:
    """Set the units of the product in the warehouse."""
    with db.transaction(Tenant(company_id=product.company_id)):
        return stock_keeping.set_stock_level(
            company_id=product.company_id, product_id=product.id, warehouse_id=warehouse.id, on_hand=on_hand
        )


def make_order(product: Product, quantity: int = 1, *, customer: User | None = None) -> NewOrder:
    """A pending order of `quantity` units of the product, which must not be sold out, without a saga."""
    customer = customer or make_user()
    with db.transaction(Tenant(company_id=product.company_id, user_id=customer.id)):
        return place(product, customer, quantity)


def place(product: Product, customer: User, quantity: int = 1) -> NewOrder:
    """The same within the current transaction, which acts for the customer at the product's company."""
    return sales.place(
        company_id=product.company_id,
        user_id=customer.id,
        shop_id=product.shop_id,
        lines=[sales.LineRequest(product.id, quantity)],
        discount_percent=0,
        shipping_address={"name": "Ada Lovelace", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"},
        now=clock.now(),
    )


def acting_for(owner: Company | Shop | Product) -> Tenant:
    """The tenant to open a transaction with: `with db.transaction(acting_for(company)):`."""
    return Tenant(company_id=owner.id if isinstance(owner, Company) else owner.company_id)


@cache
def _password_hash() -> str:
    return passwords.hash_password(PASSWORD)


def fingerprint_of(number: str) -> str:
    """The sandbox's fingerprint of a test card."""
    return BY_NUMBER[number].fingerprint

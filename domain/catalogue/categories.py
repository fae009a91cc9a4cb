"""The categories of a company's products: a tree.

A change of the tree locks the company's row until its transaction ends, so that concurrent moves make no cycle.
"""

from collections.abc import Collection
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, select

from domain.catalogue.errors import CategoryChanged, CategoryInUse, CategoryNotFound, CategorySlugTaken
from domain.catalogue.events import (
    CATEGORY_CREATED,
    CATEGORY_DELETED,
    CATEGORY_UPDATED,
    PRODUCT_UPDATED,
    CategoryUpdated,
    CategoryVersion,
)
from domain.catalogue.models import Category, Product, ProductCategory
from domain.catalogue.products import the_locked_product, update_payload
from domain.companies import queries as companies
from kit import changes, db
from kit.db.unique import unique_or
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import events
from kit.versions import the_locked

MAX_DEPTH = 10
"""Levels of the tree."""


class CategoryChanges(TypedDict, total=False):
    """What can be changed of a category. A parent of None makes it a root; siblings are in the order of `position`."""

    name: str
    slug: str
    parent_id: UUID | None
    position: int


_FIND_ANCESTORS = """
    WITH RECURSIVE ancestors (id, parent_id) AS (
        SELECT id, parent_id FROM categories WHERE id = %(category)s
        UNION SELECT c.id, c.parent_id FROM categories c JOIN ancestors a ON c.id = a.parent_id
    )
    SELECT id FROM ancestors"""
_READ_HEIGHT = """
    WITH RECURSIVE descendants (id, level) AS (
        SELECT id, 1 FROM categories WHERE id = %(category)s
        UNION SELECT c.id, d.level + 1 FROM categories c JOIN descendants d ON c.parent_id = d.id
    )
    SELECT max(level) FROM descendants"""


def create(*, company_id: UUID, **values: Unpack[CategoryChanges]) -> Category:
    """Create a category, with at least a name and a slug. Raises CategorySlugTaken, and Invalid by `parent_id`."""
    changes.refuse_undeclared(values, declared=CategoryChanges)
    companies.the_locked_company(company_id=company_id)
    parent_id = values.get("parent_id")
    if parent_id is not None:
        _validate_parent(parent_id, levels=1)
    category = Category(id=new_id(), company_id=company_id, **values)
    db.session().add(category)
    _flush()
    db.session().refresh(category)
    events.publish_about(category, CATEGORY_CREATED, CategoryVersion(category.id, category.version))
    return category


def change(
    *, category_id: UUID, expected_versions: Collection[int] | None = None, **values: Unpack[CategoryChanges]
) -> Category:
    """Change or move a category, with all that is in it.

    Raises CategoryNotFound, CategoryChanged, CategorySlugTaken, and Invalid by `parent_id`: for an unknown parent, for
    one that is in the category itself, and for a tree that would be too deep.
    """
    company_id = _the_category(category_id).company_id
    companies.the_locked_company(company_id=company_id)
    category = _the_locked(category_id, expected_versions)
    parent_id = values.get("parent_id")
    if parent_id is not None and parent_id != category.parent_id:
        levels = db.run(_READ_HEIGHT, {"category": category_id}).fetchall()[0][0]
        _validate_parent(parent_id, levels=levels, of=category_id)
    changes.apply_and_announce(
        category, values, declared=CategoryChanges, event=CATEGORY_UPDATED,
        payload=lambda row, changed: CategoryUpdated(row.id, row.version, changed.names), company_id=company_id,
    )  # fmt: skip
    _flush()
    return category


def remove(*, category_id: UUID, expected_versions: Collection[int] | None = None) -> None:
    """Delete a category. Raises CategoryNotFound, CategoryChanged, and CategoryInUse if anything is in it."""
    companies.the_locked_company(company_id=_the_category(category_id).company_id)
    category = _the_locked(category_id, expected_versions)
    used = usage(category_id=category_id)
    if any(used):
        raise CategoryInUse(f"Move them first: {used[0]} categories and {used[1]} products are in the category.")
    events.publish_about(category, CATEGORY_DELETED, CategoryVersion(category.id, category.version))
    db.session().delete(category)
    db.session().flush()


_COUNT_USAGE = """
    SELECT (SELECT count(*) FROM categories WHERE parent_id = %(category)s),
        (SELECT count(*) FROM product_categories WHERE category_id = %(category)s)"""


def usage(*, category_id: UUID) -> tuple[int, int]:
    """The number of categories and of products that are directly in the category."""
    row = db.run(_COUNT_USAGE, {"category": category_id}).fetchone()
    assert row is not None
    return row[0], row[1]


def assign(
    *, product_id: UUID, category_ids: Collection[UUID], shop_id: UUID | None = None
) -> Product:  # fmt: skip
    """Make these the only categories of a product (which the shop maintains, if given).

    Raises ProductNotFound, and Invalid by `category_ids`.
    """
    product = the_locked_product(product_id, shop_id=shop_id)
    session, wanted = db.session(), set(category_ids)
    found = select(Category.id).where(Category.id.in_(wanted)).with_for_update(read=True)
    known = set(session.scalars(found))
    if wanted - known:
        unknown = ", ".join(sorted(map(str, wanted - known)))
        raise Invalid(fields={"category_ids": [f"You have no such category: {unknown}."]})
    present = set(session.scalars(select(ProductCategory.category_id).filter_by(product_id=product_id)))
    if wanted == present:
        return product
    outdated = delete(ProductCategory).where(
        ProductCategory.product_id == product_id, ProductCategory.category_id.notin_(wanted)
    )
    session.execute(outdated)
    session.add_all(
        ProductCategory(category_id=category_id, product_id=product_id, company_id=product.company_id)
        for category_id in sorted(wanted - present)
    )
    product.version += 1
    events.publish_about(product, PRODUCT_UPDATED, update_payload(product, ["category_ids"]))
    session.flush()
    return product


def _validate_parent(parent_id: UUID, *, levels: int, of: UUID | None = None) -> None:
    ancestors = [ancestor_id for (ancestor_id,) in db.run(_FIND_ANCESTORS, {"category": parent_id})]
    if not ancestors:
        raise Invalid(fields={"parent_id": ["You have no such category."]})
    if of in ancestors:
        raise Invalid(fields={"parent_id": ["The category cannot be in itself."]})
    if len(ancestors) + levels > MAX_DEPTH:
        raise Invalid(fields={"parent_id": [f"The tree would have more than {MAX_DEPTH} levels."]})


def _the_category(category_id: UUID) -> Category:
    category = db.session().get(Category, category_id)
    if category is None:
        raise CategoryNotFound
    return category


def _the_locked(category_id: UUID, expected_versions: Collection[int] | None) -> Category:
    query = select(Category).where(Category.id == category_id)
    return the_locked(query, expected_versions, missing=CategoryNotFound, stale=CategoryChanged)


def _flush() -> None:
    with unique_or(CategorySlugTaken):
        db.session().flush()

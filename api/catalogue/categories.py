"""Create, list, show, change, move and delete categories, and assign them to products."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from api.auth.transactions import request_transaction
from api.catalogue.schemas import ProductSchema
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, created, etag, expected_versions, with_etag
from api.http.fields import List, Name, Slug
from api.http.openapi import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from api.http.responses import ResponseSchema
from api.http.schemas import PageQuery, Schema, page_of
from domain.catalogue import categories, queries
from domain.catalogue.models import Category, Product
from kit.db import Json
from kit.paging import Page

NAME = {"examples": ["Notebooks"]}
SLUG = {"description": "The name in public addresses, unique in your company", "examples": ["notebooks"]}
PARENT = {"description": "The category that it is in; null: none"}
POSITION = {"description": "Siblings are in this order", "examples": [0]}
EXAMPLE_IDS = {"examples": [["01a1f9fb-f0a3-7411-8c5b-3f1d6a52c0de"]]}
MAX_POSITION, MAX_CATEGORIES = 1_000_000, 100


class CategoryChangeSchema(Schema):
    """The fields of a category to change."""

    name = Name(metadata=NAME)
    slug = Slug(metadata=SLUG)
    parent_id = fields.UUID(allow_none=True, metadata=PARENT)
    position = fields.Integer(strict=True, validate=validate.Range(min=0, max=MAX_POSITION), metadata=POSITION)


class NewCategorySchema(CategoryChangeSchema):
    """A new category."""

    name = Name(required=True, metadata=NAME)
    slug = Slug(required=True, metadata=SLUG)


class CategorySchema(ResponseSchema):
    """A category. Its `version` is its ETag."""

    id = fields.UUID()
    parent_id = fields.UUID(allow_none=True, metadata=PARENT)
    name = fields.String(metadata=NAME)
    slug = fields.String(metadata=SLUG)
    position = fields.Integer(metadata=POSITION)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class CategoryDetailsSchema(ResponseSchema):
    """A category, and what is directly in it. An empty one can be deleted."""

    category = fields.Nested(CategorySchema)
    category_count = fields.Integer(metadata={"examples": [3]})
    product_count = fields.Integer(metadata={"examples": [12]})


class CategoriesOfProductSchema(Schema):
    """All categories of a product."""

    category_ids = List(fields.UUID(), required=True, max_items=MAX_CATEGORIES, metadata=EXAMPLE_IDS)


class CategoryIdsSchema(ResponseSchema):
    """The categories of a product."""

    category_ids = fields.List(fields.UUID())


blueprint = Blueprint("categories", __name__, url_prefix="/api/categories", description="Categories of products")
of_product = Blueprint(
    "product_categories", __name__, url_prefix="/api/products/<uuid:product_id>/categories",
    description="Categories of a product",
)  # fmt: skip


@blueprint.post("")
@blueprint.requires("write_categories")
@blueprint.arguments(NewCategorySchema)
@blueprint.response(201, CategorySchema)
@blueprint.alt_response(409, "Conflict")
def create_category(body: dict[str, Any]) -> WithHeaders[Category]:
    """Create a category. The tree has up to 10 levels."""
    with request_transaction() as caller:
        category = categories.create(company_id=caller.company_id, **body)
    return created(category, f"/api/categories/{category.id}")


@blueprint.get("")
@blueprint.requires("read_categories")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(CategorySchema))
def list_categories(query: dict[str, Any]) -> Page[Category]:
    """List the categories of your company, oldest first."""
    with request_transaction():
        return queries.categories(**query)


@blueprint.get("/<uuid:category_id>")
@blueprint.requires("read_categories")
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, CategoryDetailsSchema)
def get_category(category_id: UUID) -> WithHeaders[Json]:
    """Show a category, and how many categories and products are in it."""
    with request_transaction():
        category = queries.the_category(category_id=category_id)
        category_count, product_count = categories.usage(category_id=category_id)
    shown = {"category": category, "category_count": category_count, "product_count": product_count}
    return shown, etag(category.version)


@blueprint.patch("/<uuid:category_id>")
@blueprint.requires("write_categories")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(CategoryChangeSchema)
@blueprint.response(200, CategorySchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def update_category(body: dict[str, Any], category_id: UUID) -> WithHeaders[Category]:
    """Change a category, or move it with all that is in it to another parent."""
    with request_transaction():
        category = categories.change(category_id=category_id, expected_versions=expected_versions(), **body)
    return with_etag(category)


@blueprint.delete("/<uuid:category_id>")
@blueprint.requires("write_categories")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def delete_category(category_id: UUID) -> None:
    """Delete an empty category."""
    with request_transaction():
        categories.remove(category_id=category_id, expected_versions=expected_versions())


@of_product.get("")
@of_product.requires("read_categories")
@of_product.response(200, CategoryIdsSchema)
def list_product_categories(product_id: UUID) -> dict[str, list[UUID]]:
    """List the categories of a product."""
    with request_transaction() as caller:
        queries.the_product(product_id=product_id, shop_id=caller.shop_id, or_maintained=True)
        return {"category_ids": queries.categories_of(product_id=product_id)}


@of_product.put("")
@of_product.requires("write_products")
@of_product.arguments(CategoriesOfProductSchema)
@of_product.response(200, ProductSchema)
def assign_product_categories(body: dict[str, Any], product_id: UUID) -> WithHeaders[Product]:
    """Make these the only categories of a product."""
    with request_transaction() as caller:
        product = categories.assign(product_id=product_id, shop_id=caller.shop_id, **body)
    return with_etag(product)

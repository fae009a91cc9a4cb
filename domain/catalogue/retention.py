"""How long products are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "products": "order lines and stock movements refer to their variants",
    "variants": "order lines and stock movements refer to them",
    "product_slugs": "links on other websites lead to the old slugs of a product",
    "categories": "few, and deleted by the company",
    "product_categories": "a product is in a category until somebody removes it",
    "listings": "a shop sells the product until somebody removes it from the shop",
}

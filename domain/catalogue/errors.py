"""Errors of the catalogue."""

from kit.errors import Conflict, NotFound, Stale


class ProductNotFound(NotFound):
    """There is no such product."""

    code = "product_not_found"


class SkuTaken(Conflict):
    """Your company already has a product or a variant with this SKU."""

    code = "sku_taken"


class ProductChanged(Stale):
    """The product has changed since you read it; read it again."""

    code = "product_changed"


class VariantNotFound(NotFound):
    """The product has no such variant."""

    code = "variant_not_found"


class VariantInUse(Conflict):
    """Orders or stock refer to a variant that you left out: keep it in the list."""

    code = "variant_in_use"


class SlugTaken(Conflict):
    """Another product of your company has or had this slug."""

    code = "slug_taken"


class ExternalIdTaken(Conflict):
    """Your company already has a product with this external id."""

    code = "external_id_taken"


class CategoryNotFound(NotFound):
    """There is no such category."""

    code = "category_not_found"


class CategoryChanged(Stale):
    """The category has changed since you read it; read it again."""

    code = "category_changed"


class CategorySlugTaken(Conflict):
    """Your company already has a category with this slug."""

    code = "category_slug_taken"


class CategoryInUse(Conflict):
    """The category has categories or products: move them first."""

    code = "category_in_use"

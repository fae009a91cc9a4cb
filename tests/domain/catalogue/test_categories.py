"""The tree of categories, and the products in them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.catalogue import categories, queries
from domain.catalogue.errors import CategoryChanged, CategoryInUse, CategoryNotFound, CategorySlugTaken
from kit import clock, db
from kit.errors import Invalid
from kit.ids import new_id
from tests import factories
from tests.factories import acting_for


def make(company, slug, parent=None):
    with db.transaction(acting_for(company)):
        parent_id = parent.id if parent else None
        return categories.create(company_id=company.id, name=slug.title(), slug=slug, parent_id=parent_id)


def move(company, category, parent_id, **kwargs):
    with db.transaction(acting_for(company)):
        return categories.change(category_id=category.id, parent_id=parent_id, **kwargs)


class TestTree:
    def test_moves_with_all_that_is_in_it(self, company):
        paper, notebooks, office = (make(company, slug) for slug in ("paper", "notebooks", "office"))
        small = make(company, "small", notebooks)
        move(company, notebooks, paper.id)
        move(company, paper, office.id)
        with db.transaction(acting_for(company)):
            found = queries.category_with_descendants(slug="office")
        assert set(found) == {office.id, paper.id, notebooks.id, small.id}

    @pytest.mark.parametrize("into", ["a", "b", "c"])
    def test_has_no_cycle(self, company, into):
        a = make(company, "a")
        b = make(company, "b", a)
        by_slug = {"a": a, "b": b, "c": make(company, "c", b)}
        with pytest.raises(Invalid) as refusal:
            move(company, a, by_slug[into].id)
        assert list(refusal.value.fields) == ["parent_id"]

    def test_has_no_cycle_after_moves_at_the_same_time(self, company):
        for attempt in range(5):
            pair = [make(company, f"{side}-{attempt}") for side in ("left", "right")]

            def swap(number, pair=pair):
                try:
                    move(company, pair[number], pair[1 - number].id)
                except Invalid:
                    return False
                return True

            with ThreadPoolExecutor(2) as pool:
                assert sorted(pool.map(swap, (0, 1))) == [False, True]

    def test_has_at_most_ten_levels(self, company):
        parent = None
        for level in range(categories.MAX_DEPTH):
            parent = make(company, f"level-{level}", parent)
        with pytest.raises(Invalid):
            make(company, "deeper", parent)
        branch = make(company, "branch")
        make(company, "twig", branch)
        with db.transaction(acting_for(company)):
            above = queries.the_category(category_id=parent.parent_id)
        with pytest.raises(Invalid):
            move(company, branch, above.id)

    def test_refuses_a_parent_of_another_company(self, company):
        foreign = make(factories.make_company(), "foreign")
        with pytest.raises(Invalid):
            make(company, "mine", foreign)

    def test_refuses_an_old_version_and_a_slug_twice(self, company):
        pens = make(company, "pens")
        with pytest.raises(CategorySlugTaken):
            make(company, "pens")
        with pytest.raises(CategoryChanged):
            move(company, pens, None, expected_versions={9})
        with pytest.raises(CategoryNotFound):
            move(factories.make_company(), pens, None)


class TestProducts:
    @pytest.fixture
    def product(self, company):
        return factories.make_product(factories.make_shop(company))

    def assign(self, product, *category_ids):
        with db.transaction(acting_for(product)):
            return categories.assign(product_id=product.id, category_ids=category_ids)

    def test_are_found_in_the_categories_above(self, company, product):
        paper = make(company, "paper")
        notebooks = make(company, "notebooks", paper)
        make(company, "pens")
        self.assign(product, notebooks.id)
        with db.transaction(acting_for(company)):
            found = {
                slug: [
                    each.id
                    for each in queries.products(
                        shop_id=product.shop_id, on_sale_at=clock.now(), limit=9,
                        category_ids=queries.category_with_descendants(slug=slug),
                    ).data
                ]
                for slug in ("paper", "notebooks", "pens")
            }  # fmt: skip
        assert found == {"paper": [product.id], "notebooks": [product.id], "pens": []}

    def test_get_a_new_version_if_their_categories_change(self, company, product, published):
        pens, paper = make(company, "pens"), make(company, "paper")
        assert [self.assign(product, *ids).version for ids in ([pens.id], [pens.id], [paper.id], [])] == [2, 2, 3, 4]
        assert [event["changed"] for event in published("product.updated")] == [["category_ids"]] * 3

    def test_refuse_unknown_categories(self, product):
        with pytest.raises(Invalid) as refusal:
            self.assign(product, new_id())
        assert list(refusal.value.fields) == ["category_ids"]

    def test_keep_their_category(self, company, product):
        pens = make(company, "pens")
        self.assign(product, pens.id)
        with (
            db.transaction(acting_for(company)),
            pytest.raises(CategoryInUse, match="1 products are in"),
        ):
            categories.remove(category_id=pens.id)

    def test_announce_the_changes_of_categories(self, company, published):
        pens = make(company, "pens")
        with db.transaction(acting_for(company)):
            categories.change(category_id=pens.id, name="Ink")
        with db.transaction(acting_for(company)):
            categories.remove(category_id=pens.id)
        of_pens = {"category_id": str(pens.id)}
        assert published("category.created") == [{**of_pens, "version": 1}]
        assert published("category.updated") == [{**of_pens, "version": 2, "changed": ["name"]}]
        assert published("category.deleted") == [{**of_pens, "version": 2}]

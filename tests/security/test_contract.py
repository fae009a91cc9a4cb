"""Generated requests to every endpoint, by every role, get documented answers only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from api.app import BLUEPRINTS
from tests.security.document import AS_DOCUMENTED, document_of, with_existing_ids
from tests.security.example_counts import examples

pytestmark = pytest.mark.slow

CALLERS = ("company_admin", "company_admin", "company_admin", "super_admin", "staff", "customer", None)
ONLY_WE_KNOW = {
    "email": "whether it is a user's, and reachable",
    "password": "whether it can be guessed",
    "phone": "whether it is dialled anywhere",
    "note": "whether it can be seen",
    "locale": "whether anybody speaks it",
    "time_zone": "whether anybody lives in it",
    "country": "whether it has a code",
    "origin_country": "whether it has a code",
    "currency": "whether it is one, and the company's",
    "shop_id": "whether there is one, and whether the caller has to name it",
    "permissions": "whether they hold in the one shop that the key is for",
    "product_id": "whether the shop sells it, and whether an earlier line has it",
    "discount_percent": "whether the company gives any",
    "number": "whether it is a card's",
    "exp_month": "whether the card has lapsed",
    "exp_year": "whether the card has lapsed",
    "cvc": "whether it fits the card",
    "card": "whether the company takes it from us",
    "offers_delivery": "whether the shop has pick-up instead",
    "ids": "whether a filter stands in their place",
    "filter": "whether ids stand in its place, and whether it says anything",
    "opening_hours": "whether they are any in OpenStreetMap's syntax",
    "exceptions": "whether their hours are",
    "first_day": "whether it is of this century",
    "last_day": "whether it comes before the first",
    "at": "whether it is of this century",
    "columns": "whether the kind of import has them, each once",
    "encoding": "whether it is that of JSON lines",
    "thousands_separator": "whether it is the decimal separator, too",
    "gtin": "whether its check digit is right",
    "variant_id": "whether the company has it, and whether an earlier price is for it",
    "min_quantity": "whether an earlier price is for it",
    "amount": "whether cards can be charged it, and how much is left to refund",
    "line_id": "whether the order has it, each once",
    "payment_id": "whether the order has it, each once",
    "quantity": "whether the product is sold in such numbers, and how many units are left to refund",
    "lines": "whether their total can be charged or refunded",
    "payments": "whether their amounts add up",
    "category_ids": "whether the company has them",
    "parent_id": "whether the company has it, and whether the tree stays one",
    "options": "whether no two are equal, and every variant has a value of each",
    "variants": "whether one has the SKU of the product",
    "unpublish_at": "whether it comes after publish_at",
    "max_quantity": "whether it is at least the smallest quantity",
    "content_unit": "whether the amount is there too",
    "group_id": "whether there is one",
    "starts_at": "whether it has passed",
    "ends_at": "whether it has passed, and whether it comes after the start",
    **dict.fromkeys(
        ("name", "sku", "company", "line1", "line2", "postal_code", "city", "region"), "whether it holds a link"
    ),
}
"""Fields that may be refused although they match the document."""


def refuse_faults_the_document_could_name(case, answer):
    """Fail if a request that matches the document is refused as malformed."""
    if case.meta.generation.mode.is_positive:
        assert answer.status_code not in (400, 413, 415)
        faults = answer.json()["errors"] if answer.status_code == 422 else []
        assert {field_of(fault["path"]) for fault in faults} <= ONLY_WE_KNOW.keys(), faults


def field_of(path):
    """The last name of the path that is ours: after `columns` and `options` come names of the sender's."""
    names = path.split(".")
    return next((name for name in ("columns", "options") if name in names), names[-1])


@pytest.mark.parametrize("area", [blueprint.name for blueprint in BLUEPRINTS])
def test_every_answer_is_documented(world, area):
    document = document_of(world.app)
    ids = {name: str(value) for name, value in world.places["own shop"].items()}
    for operation in operations_of(world, document, area):
        for mode in GenerationMode:
            try:
                attack(world, operation, mode, ids)
            except Unsatisfiable:
                assert mode == GenerationMode.NEGATIVE, operation.label  # nothing in it can be wrong


def attack(world, operation, mode, ids):
    @examples(5)
    @given(case=operation.as_strategy(generation_mode=mode), caller=st.sampled_from(CALLERS), known=st.booleans())
    def ask(case, caller, known):
        if known:
            case.path_parameters = with_existing_ids(case.path_parameters, ids)
            case.body = with_existing_ids(case.body, ids)
        token = {"Authorization": f"Bearer {world.callers[caller].token}"} if caller else {}
        answer = case.call(headers=token)
        case.validate_response(answer, checks=AS_DOCUMENTED, headers=token)
        refuse_faults_the_document_could_name(case, answer)

    ask()


def operations_of(world, document, area):
    names = {rule.endpoint for rule in world.app.url_map.iter_rules()}
    found = [result.ok() for result in document.get_all_operations()]
    return [each for each in found if f"{area}.{each.definition.raw['operationId']}" in names]

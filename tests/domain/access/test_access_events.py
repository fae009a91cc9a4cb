"""The events that changes of members, invitations and API keys publish."""

from domain.access import api_keys, invitations, memberships, queries, revocation
from domain.access.permission_sets import company_creator_permissions
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories
from tests.factories import acting_for


def membership_of(user, company):
    with db.transaction(Tenant(company_id=company.id, user_id=user.id)):
        return queries.membership_in(user_id=user.id, company_id=company.id)


def test_members_announce_that_they_join_leave_and_are_removed(database, published):
    company = factories.make_company()
    admin, leaving = factories.make_member(company), factories.make_member(company, "staff")
    removed = factories.make_member(company, "staff")
    joined = [membership_of(user, company) for user in (admin, leaving, removed)]
    with db.transaction(Tenant(user_id=leaving.id)):
        memberships.leave(user_id=leaving.id, membership_id=joined[1].id)
    with db.transaction(acting_for(company)):
        memberships.remove(membership_id=joined[2].id, company_id=company.id, actor=company_creator_permissions())
    payloads = [
        {"membership_id": str(each.id), "user_id": str(each.user_id), "role": each.role, "shop_id": None}
        for each in joined
    ]
    assert published("member.joined") == payloads
    assert published("member.left") == [payloads[1]]
    assert published("member.removed") == [payloads[2]]
    assert [published.sequence(each.id) for each in joined] == [[1], [1, 2], [1, 2]]


def test_leaving_two_companies_is_announced_to_each(database, published):
    companies, user = [factories.make_company(), factories.make_company()], factories.make_user()
    for company in companies:
        factories.make_member(company)
        factories.join(user, company)
    with db.transaction(Tenant(user_id=user.id)):
        for membership in queries.memberships_of(user_id=user.id):
            memberships.leave(user_id=user.id, membership_id=membership.id)
    left = {event["companyid"] for event in published.events if event["type"] == "member.left"}
    assert left == {str(company.id) for company in companies}


def test_invitations_are_announced_without_the_address(database, published):
    company = factories.make_company()
    host = factories.make_member(company)
    invitation, _ = factories.invite("eve@customers.example", host, company)
    with db.transaction(acting_for(company)):
        invitations.withdraw(invitation_id=invitation.id, company_id=company.id)
    ids = {"invitation_id": str(invitation.id)}
    assert published("member.invited") == [{**ids, "role": "staff", "shop_id": None, "invited_by": str(host.id)}]
    assert published("member.invitation_revoked") == [ids]


def test_api_keys_announce_that_they_are_created_and_revoked(database, published):
    company = factories.make_company()
    maker = factories.make_member(company)
    key, _ = factories.make_key(maker, company, {"read_orders"})
    with db.transaction(acting_for(company)):
        api_keys.revoke(key_id=key.id, company_id=company.id, now=clock.now())
    [created] = published("api_key.created")
    assert {**created, "expires_at": None} == {
        "api_key_id": str(key.id), "shop_id": None, "permissions": ["read_orders"], "created_by": str(maker.id),
        "expires_at": None,
    }  # fmt: skip
    assert published("api_key.revoked") == [{"api_key_id": str(key.id)}]


def test_a_company_that_closes_announces_all_that_is_revoked(database, published):
    company = factories.make_company()
    admin = factories.make_member(company)
    key, _ = factories.make_key(admin, company, {"read_orders"})
    invitation, _ = factories.invite("eve@customers.example", admin, company)
    with db.transaction(acting_for(company)):
        revocation.revoke_all(company_id=company.id, now=clock.now())
    assert [event["user_id"] for event in published("member.removed")] == [str(admin.id)]
    assert published("api_key.revoked") == [{"api_key_id": str(key.id)}]
    assert published("member.invitation_revoked") == [{"invitation_id": str(invitation.id)}]

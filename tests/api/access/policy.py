"""Who may call the endpoints of `api.access`, and what the tests send to them."""

from domain.access import queries as access
from kit import db
from kit.tenancy import Tenant
from tests import factories

POLICY = """
endpoint                       super_admin  company_admin  shop_manager  staff  customer  suspended
memberships.end_membership     yes          yes            yes           yes    yes       yes
members.list_members           company      company        shop          -      -         yes
members.remove_member          company      company        shop          -      -         -
invitations.create_invitation  company      company        shop          -      -         -
invitations.list_invitations   company      company        shop          -      -         yes
invitations.revoke_invitation  company      company        shop          -      -         -
api_keys.create_api_key        company      company        -             -      -         -
api_keys.list_api_keys         company      company        -             -      -         yes
api_keys.revoke_api_key        company      company        -             -      -         -
"""

PUBLIC = """
auth.accept_invitation
auth.log_in
auth.refresh_tokens
auth.log_out
"""

BODIES = {
    "invitations.create_invitation": {"email": "{newcomer}", "role": "staff", "shop_id": "{shop_id}"},
    "api_keys.create_api_key": {"name": "Robot", "permissions": ["read_stock"], "shop_id": "{shop_id}"},
}

LISTED = {
    "members.list_members": "membership_id",
    "invitations.list_invitations": "invitation_id",
    "api_keys.list_api_keys": "key_id",
}

LAST = {"members.remove_member"}


def rows(at):
    worker = factories.make_member(at.company, "staff", shop=at.shop)
    key, _ = factories.make_key(worker, at.company, {"read_stock"}, shop=at.shop)
    invitation, _ = factories.invite("somebody@customers.example", worker, at.company, shop=at.shop)
    with db.transaction(Tenant(user_id=worker.id)):
        membership = access.membership_in(user_id=worker.id, company_id=at.company.id)
    return {"key": key, "invitation": invitation, "membership": membership}

"""Names of the database, JSON, permissions and environment variables that this project has replaced."""

_OUTSIDE = """
logins sessions
links one_time_links
decoys timing_decoys
attempts_over_idx attempt_counters_end_idx
login_id session_id
acts_for active_company_id
acted_for target_company_id
asked_at requested_at
began_at started_at
lapses_at expires_at
heard_at processed_at
told_at delivered_at
closing_told_at closing_delivered_at
tell_at next_delivery_at
made_by created_by
chosen_company_id default_company_id
next_at next_allowed_at
times recent_uses
standing lifecycle_state
vital_signs database_metrics
forget_invitations erase_member
delete_invitations_to erase_member
erase_person erase_user
counted number_order
presented by_token
visited by_id
erased erasure
being_cancelled cancellation_requested
orders_a_month orders_per_month
requests_a_minute requests_per_minute
in_force effective_plan
is_on is_enabled
over exceeded_limits
everything all
left remaining
settled resolved
settle_incidents resolve_incidents
visit_shops view_shops
read_keys read_api_keys
write_keys write_api_keys
give_discount apply_discounts
read_history read_company_history
see_all_companies access_all_companies
ORDERX_CRASH_DIR ORDERX_FAILPOINTS_DIR
"""
RETIRED_OUTSIDE = dict(line.split() for line in _OUTSIDE.strip().splitlines())
"""Names that must not come back outside of Python, and what replaced them."""

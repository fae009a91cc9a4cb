"""Who may call the endpoints of `api.health`, and what the tests send to them."""

PUBLIC = """
health.check_liveness
health.check_readiness
health.get_metrics
health.list_signing_keys
"""

"""Who may call the endpoints of `api.http`, and what the tests send to them."""

PUBLIC = """
website.show_home
website.show_problem
api-docs.openapi_json
api-docs.openapi_swagger_ui
asyncapi.show
swagger-ui.asset
"""

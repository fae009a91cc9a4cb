"""Uses the API as a client of the old release would continue: with its refresh token, to read its order's timeline."""

import sys

import orjson

from api.app import create_app

ORDER = "88888888-8888-8888-8888-888888888888"


def main() -> None:
    """Print the responses as JSON."""
    client = create_app().test_client()
    tokens = client.post("/api/auth/refresh", json={"refresh_token": "a token of the old release"})
    bearer = {"Authorization": f"Bearer {(tokens.json or {}).get('access_token')}"}
    key = {"Authorization": "Bearer ox_the-key-of-the-old-release"}
    responses = {
        "refresh": tokens,
        "sessions": client.get("/api/me/sessions", headers=bearer),
        "order": client.get(f"/api/orders/{ORDER}", headers=bearer),
        "timeline": client.get(f"/api/orders/{ORDER}/saga", headers=bearer),
        "with API key": client.get(f"/api/orders/{ORDER}", headers=key),
    }
    found = {name: {"status": response.status_code, "body": response.json} for name, response in responses.items()}
    sys.stdout.write(orjson.dumps(found).decode())


if __name__ == "__main__":
    main()

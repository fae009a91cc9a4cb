"""Places and cancels an order with the client that openapi-python-client made, and prints what it was answered."""

import json
import os
from uuid import UUID

from orderx_client import AuthenticatedClient, Client
from orderx_client.api.auth import log_in
from orderx_client.api.orders import cancel_order, get_order_status, place_order
from orderx_client.models import (
    Cancellation,
    Credentials,
    Line,
    NewAddress,
    NewOrder,
    NewShop,
    TokenPayment,
)

url = os.environ["URL"]
tokens = log_in.sync(
    client=Client(base_url=url), body=Credentials(email=os.environ["EMAIL"], password=os.environ["PASSWORD"])
)
client = AuthenticatedClient(base_url=url, token=tokens.access_token)
wanted = NewOrder(
    shop_id=UUID(os.environ["SHOP_ID"]),
    lines=[Line(product_id=UUID(os.environ["PRODUCT_ID"]), quantity=2)],
    shipping_address=NewAddress(name="Ada Example", line1="1 Harbour Street", city="Berlin", country="DE"),
    payment=TokenPayment(payment_method="pm_card_visa"),
)
placed = place_order.sync(client=client, body=wanted, idempotency_key="from-openapi-python-client")
progress = get_order_status.sync(placed.id, client=client)
cancelled = cancel_order.sync(placed.id, client=client, body=Cancellation(reason="ordered by mistake"))
refused = place_order.sync(client=client, body=NewOrder.from_dict({**wanted.to_dict(), "shop_id": str(placed.id)}))
print(
    json.dumps(
        {
            "order_id": str(placed.id),
            "status": progress.status.value,
            "total": placed.total.amount,
            "city": placed.shipping_address.city,
            "cancelled": cancelled.being_cancelled,
            "refused": [refused.status, refused.code, refused.errors[0].path],
            "shop": NewShop(name="Paper & Sons").to_dict(),
        }
    )
)

"""Places and cancels an order with the client that openapi-generator made, and prints what it was answered."""

import json
import os

from orderx_client import (
    ApiClient,
    AuthApi,
    Cancellation,
    Configuration,
    Credentials,
    Line,
    NewAddress,
    NewOrder,
    NewShop,
    OrdersApi,
    Payment,
    Problem,
    TokenPayment,
)
from orderx_client.exceptions import UnprocessableEntityException

settings = Configuration(host=os.environ["URL"])
api = ApiClient(settings)
credentials = Credentials(email=os.environ["EMAIL"], password=os.environ["PASSWORD"])
settings.access_token = AuthApi(api).log_in(credentials).access_token
orders = OrdersApi(api)
wanted = NewOrder(
    shop_id=os.environ["SHOP_ID"],
    lines=[Line(product_id=os.environ["PRODUCT_ID"], quantity=2)],
    shipping_address=NewAddress(name="Ada Example", line1="1 Harbour Street", city="Berlin", country="DE"),
    payment=Payment(TokenPayment(payment_method="pm_card_visa")),
)
placed = orders.place_order(wanted, idempotency_key="from-openapi-generator")
progress = orders.get_order_status(placed.id)
cancelled = orders.cancel_order(placed.id, Cancellation(reason="ordered by mistake"))
try:
    orders.place_order(wanted.model_copy(update={"shop_id": placed.id}))
except UnprocessableEntityException as error:
    refused = Problem.from_json(error.body)
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

// Places and cancels an order with the types that openapi-typescript made, and prints what it was answered.
import createClient from "openapi-fetch";
import type { components, paths } from "./orderx.js";

declare const process: { env: Record<string, string> };

const { URL: baseUrl, EMAIL: email, PASSWORD: password, SHOP_ID: shop_id, PRODUCT_ID: product_id } = process.env;
const client = createClient<paths>({ baseUrl });

function received<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const tokens = received(await client.POST("/api/auth/login", { body: { email, password } }));
const headers = { Authorization: `Bearer ${tokens.access_token}` };
const wanted: components["schemas"]["NewOrder"] = {
  shop_id,
  lines: [{ product_id, quantity: 2 }],
  shipping_address: { name: "Ada Example", line1: "1 Harbour Street", city: "Berlin", country: "DE" },
  payment: { payment_method: "pm_card_visa" },
};
const shop: components["schemas"]["NewShop"] = { name: "Paper & Sons" };

const placed = received(
  await client.POST("/api/orders", {
    body: wanted,
    headers,
    params: { header: { "Idempotency-Key": "from-openapi-typescript" } },
  }),
);
const path = { order_id: placed.id };
const progress = received(await client.GET("/api/orders/{order_id}/status", { headers, params: { path } }));
const cancelled = received(
  await client.POST("/api/orders/{order_id}/cancel", {
    body: { reason: "ordered by mistake" },
    headers,
    params: { path },
  }),
);
const { error: refused } = await client.POST("/api/orders", { body: { ...wanted, shop_id: placed.id }, headers });
const status: components["schemas"]["OrderStatus"] = progress.status;
console.log(
  JSON.stringify({
    order_id: placed.id,
    status,
    total: placed.total.amount,
    city: placed.shipping_address.city,
    cancelled: cancelled.cancellation_requested,
    refused: [refused?.status, refused?.code, refused?.errors?.[0]?.path],
    shop,
  }),
);

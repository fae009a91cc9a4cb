-- A row in every table, as the release of revision 0028 wrote them. The company's user is 1…1, its order 8…8.
INSERT INTO companies (id, name, email, currency)
VALUES ('22222222-2222-2222-2222-222222222222', 'Paper & Co', 'orders@paper.example', 'EUR');
INSERT INTO users (id, email, name, password_hash, verified_at, chosen_company_id)
VALUES ('11111111-1111-1111-1111-111111111111', 'ada@customers.example', 'Ada', '', now(),
    '22222222-2222-2222-2222-222222222222');
INSERT INTO company_events (id, company_id, event, decided_by, detail)
VALUES (gen_random_uuid(), '22222222-2222-2222-2222-222222222222', 'created', '11111111-1111-1111-1111-111111111111', '{}');
INSERT INTO shops (id, company_id, name)
VALUES ('33333333-3333-3333-3333-333333333333', '22222222-2222-2222-2222-222222222222', 'Harbour Street');
INSERT INTO locations (id, company_id, shop_id, name, address, time_zone)
VALUES (gen_random_uuid(), '22222222-2222-2222-2222-222222222222', '33333333-3333-3333-3333-333333333333', 'Pier',
    '{"country": "DE"}', 'Europe/Berlin');
INSERT INTO warehouses (id, company_id, name)
VALUES ('44444444-4444-4444-4444-444444444444', '22222222-2222-2222-2222-222222222222', 'Cellar');
INSERT INTO products (id, company_id, shop_id, sku, name, price, currency)
VALUES ('55555555-5555-5555-5555-555555555555', '22222222-2222-2222-2222-222222222222',
    '33333333-3333-3333-3333-333333333333', 'NB-A5', 'Dotted notebook', 1999, 'EUR');
INSERT INTO stock (product_id, warehouse_id, company_id, on_hand)
VALUES ('55555555-5555-5555-5555-555555555555', '44444444-4444-4444-4444-444444444444',
    '22222222-2222-2222-2222-222222222222', 4);

INSERT INTO memberships (id, user_id, company_id, role)
VALUES (gen_random_uuid(), '11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222',
    'company_admin');
INSERT INTO addresses (id, user_id, label, address)
VALUES (gen_random_uuid(), '11111111-1111-1111-1111-111111111111', 'Home', '{"country": "DE"}');
INSERT INTO logins (id, user_id, acts_for, device, address, began_at, used_at, lapses_at)
VALUES ('66666666-6666-6666-6666-666666666666', '11111111-1111-1111-1111-111111111111',
    '22222222-2222-2222-2222-222222222222', 'Firefox', '203.0.113.7', now(), now(), now() + interval '30 days');
INSERT INTO refresh_tokens (hash, user_id, login_id, expires_at)
VALUES (sha256('a token of the old release'), '11111111-1111-1111-1111-111111111111',
    '66666666-6666-6666-6666-666666666666', now() + interval '30 days');
INSERT INTO links (hash, user_id, purpose, expires_at)
VALUES ('\x01', '11111111-1111-1111-1111-111111111111', 'reset_password', now() + interval '1 hour');
INSERT INTO second_factors (user_id, secret, last_step)
VALUES ('11111111-1111-1111-1111-111111111111', '\x02', 0);
INSERT INTO recovery_codes (hash, user_id) VALUES ('\x03', '11111111-1111-1111-1111-111111111111');
INSERT INTO decoys (id, context) VALUES (gen_random_uuid(), '{}');
INSERT INTO attempts (key, count, last_at, next_at, times) VALUES ('\x04', 2, now(), now(), ARRAY[now()]);
INSERT INTO invitations (id, company_id, email, role, invited_by, hash, expires_at)
VALUES (gen_random_uuid(), '22222222-2222-2222-2222-222222222222', 'bob@customers.example', 'staff',
    '11111111-1111-1111-1111-111111111111', '\x05', now() + interval '7 days');
INSERT INTO api_keys (id, company_id, made_by, name, prefix, hash, permissions, expires_at, used_at)
VALUES (gen_random_uuid(), '22222222-2222-2222-2222-222222222222', '11111111-1111-1111-1111-111111111111', 'Robot',
    'ox_abcdefgh', sha256('ox_the-key-of-the-old-release'),
    '{read_history,read_keys,read_orders,settle_incidents,visit_shops}', now() + interval '90 days', now());

INSERT INTO orders (id, company_id, shop_id, customer_id, customer_email, customer_name, status, currency, subtotal,
    total, shipping_address, placed_at, changed_at)
VALUES ('88888888-8888-8888-8888-888888888888', '22222222-2222-2222-2222-222222222222',
    '33333333-3333-3333-3333-333333333333', '11111111-1111-1111-1111-111111111111', 'ada@customers.example', 'Ada',
    'paid', 'EUR', 1999, 1999, '{"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"}',
    now(), now());
INSERT INTO order_lines (order_id, position, company_id, product_id, sku, name, quantity, unit_price)
VALUES ('88888888-8888-8888-8888-888888888888', 0, '22222222-2222-2222-2222-222222222222',
    '55555555-5555-5555-5555-555555555555', 'NB-A5', 'Dotted notebook', 1, 1999);
INSERT INTO idempotency_keys (caller_id, key, company_id, fingerprint, order_id)
VALUES ('11111111-1111-1111-1111-111111111111', 'a key', '22222222-2222-2222-2222-222222222222', '\x06',
    '88888888-8888-8888-8888-888888888888');
INSERT INTO reservations (order_id, product_id, warehouse_id, company_id, quantity, state)
VALUES ('88888888-8888-8888-8888-888888888888', '55555555-5555-5555-5555-555555555555',
    '44444444-4444-4444-4444-444444444444', '22222222-2222-2222-2222-222222222222', 1, 'committed');
INSERT INTO stock_movements (company_id, product_id, warehouse_id, quantity, reason)
VALUES ('22222222-2222-2222-2222-222222222222', '55555555-5555-5555-5555-555555555555',
    '44444444-4444-4444-4444-444444444444', 4, 'counted');
INSERT INTO payments (id, company_id, order_id, amount, currency, method, status, provider_ref)
VALUES ('99999999-9999-9999-9999-999999999999', '22222222-2222-2222-2222-222222222222',
    '88888888-8888-8888-8888-888888888888', 1999, 'EUR', 'pm_card_visa', 'captured', 'pi_1');
INSERT INTO payment_events (id, company_id, payment_id, type, provider_ref, amount, happened_at)
VALUES (gen_random_uuid(), '22222222-2222-2222-2222-222222222222', '99999999-9999-9999-9999-999999999999', 'captured',
    'pi_1', 1999, now());
INSERT INTO payment_attempts (id, company_id, customer_id, method)
VALUES ('88888888-8888-8888-8888-888888888888', '22222222-2222-2222-2222-222222222222',
    '11111111-1111-1111-1111-111111111111', 'pm_card_visa');
INSERT INTO mails (id, company_id, order_id, occasion, recipient, template, context, status, sent_at)
VALUES (gen_random_uuid(), '22222222-2222-2222-2222-222222222222', '88888888-8888-8888-8888-888888888888',
    'order.created:88888888-8888-8888-8888-888888888888', 'ada@customers.example', 'order_received', '{}', 'sent', now());

INSERT INTO saga_definitions (name, version, fingerprint, definition) VALUES ('an_older_saga', 1, 'f', 'd');
INSERT INTO sagas (id, company_id, name, version, subject_id, state, stage, tags, started_at, due_at, ended_at)
VALUES ('77777777-7777-7777-7777-777777777777', '22222222-2222-2222-2222-222222222222', 'place_order', 1,
    '88888888-8888-8888-8888-888888888888', 'done', 1, '{}', now(), now(), now());
INSERT INTO saga_steps (saga_id, step, company_id, position, stage, state, attempts, outcome, begun_at, answered_at)
VALUES ('77777777-7777-7777-7777-777777777777', 'reserve_stock', '22222222-2222-2222-2222-222222222222', 0, 0, 'done',
    1, '{}', now(), now());
INSERT INTO saga_events (saga_id, company_id, step, event, happened_at)
VALUES ('77777777-7777-7777-7777-777777777777', '22222222-2222-2222-2222-222222222222', NULL, 'started', now()),
    ('77777777-7777-7777-7777-777777777777', '22222222-2222-2222-2222-222222222222', 'reserve_stock', 'done', now()),
    ('77777777-7777-7777-7777-777777777777', '22222222-2222-2222-2222-222222222222', NULL, 'completed', now());
INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at, resolved_at, resolution)
VALUES (gen_random_uuid(), '77777777-7777-7777-7777-777777777777', '22222222-2222-2222-2222-222222222222',
    'reserve_stock', 'running', '{"code": "timeout", "detail": null}', 7, now(), now(),
    '{"action": "retry", "reason": "it is back", "by": "ada"}');

INSERT INTO inbox (event_id, consumer, company_id)
VALUES (gen_random_uuid(), 'notifications', '22222222-2222-2222-2222-222222222222');
INSERT INTO alerts (kind, key, detail, told_at) VALUES ('worker_died', 'saga@host', '{}', now());
INSERT INTO super_admin_requests (id, user_id, acted_for, request, request_id)
VALUES (gen_random_uuid(), '11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222',
    'GET /api/shops', 'r1');
INSERT INTO operator_actions (id, user_id, action, reason, operator)
VALUES (gen_random_uuid(), '11111111-1111-1111-1111-111111111111', 'unlocked', 'lost the phone', 'ada');

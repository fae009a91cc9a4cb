"""A company with a row in every tenant table: test data for attacks on tenant isolation."""

from dataclasses import dataclass
from uuid import UUID

import psycopg

from domain.accounts.models import User
from domain.imports import staging, uploads
from domain.imports.declarations import kinds
from domain.inventory import reservations as inventory
from domain.inventory.allocation import ReservationRequest
from domain.payments import payment_records as payments
from domain.payments.declines import PaymentSource
from domain.payments.gateway import Answer
from domain.payments.queries import the_payment
from domain.sales import idempotency
from domain.sales.new_order import LineRequest
from kit import clock, db
from kit.ids import new_id
from kit.jobs import results as job_results
from kit.jobs import rows as jobs
from kit.messaging import outbox
from kit.tabular.formats import FileFormat
from kit.tenancy import Tenant
from saga.deliveries import order_mail
from saga.place_order import place_order
from tests import factories
from tests.api.world import place_with_rows
from workers.retention import delete_expired_backlog


@dataclass(frozen=True)
class CompanyWithData:
    """A company with an admin, a shop, a product in stock, and an order by a customer."""

    id: UUID
    admin: User
    customer: User
    order_id: UUID

    @property
    def tenant(self) -> Tenant:
        """The tenant of a request by the company's admin."""
        return Tenant(company_id=self.id, user_id=self.admin.id)


def company_with_data(owner_url: str) -> CompanyWithData:
    """Create a company with at least one row in every table that has a company_id.

    An area's rows are those of `tests/api/<area>/policy.py`, and what has no endpoint is created here.
    """
    company = factories.make_company()
    admin, customer = factories.make_member(company), factories.make_user()
    shop = factories.make_shop(company)
    factories.make_member(company, "staff", shop=shop)
    factories.invite("somebody@customers.example", admin, company, shop=shop)
    factories.make_key(admin, company, {"read_stock"}, shop=shop)
    product = factories.make_product(shop)
    factories.put_stock(product, factories.make_warehouse(company))
    with db.transaction(Tenant(company_id=company.id, user_id=customer.id)):
        order = place_order(
            company_id=company.id, user_id=customer.id, shop_id=shop.id, lines=[LineRequest(product.id, 1)],
            discount_percent=0, shipping_address={"name": "Ada", "line1": "1 Harbour Street"},
            payment_source=PaymentSource("pm_card_visa"), now=clock.now(),
        ).order  # fmt: skip
        idempotency.save(
            caller_id=customer.id, key=str(order.id), fingerprint=b"", order_id=order.id, company_id=company.id,
            now=clock.now(),
        )  # fmt: skip
    with db.transaction(Tenant(company_id=company.id)):
        inventory.reserve(company_id=company.id, requests=[ReservationRequest(order.id, {product.id: 1})])
        payment = the_payment(order_id=order.id)
        payments.record(answers={payment.id: Answer("authorised", f"pi_{order.id}", 1999)}, now=clock.now())
        order_mail.enqueue_and_claim(
            occasion="order.created", order_ids=[order.id], buyer="order_received", merchant="order_received_merchant",
            now=clock.now(),
        )  # fmt: skip
        outbox.mark_processed(consumer="a test", event_ids=[new_id()], company_id=company.id)
        job_id = jobs.start(delete_expired_backlog, company_id=company.id, now=clock.now())
        _stage_row(company.id)
        job_results.add(job_id=job_id, company_id=company.id, part=0, content="id")
    place_with_rows(company, factories.make_shop(company), owner_url)
    _open_incident(owner_url, company.id)
    _signal(owner_url, company.id)
    return CompanyWithData(company.id, admin, customer, order.id)


def _stage_row(company_id: UUID) -> None:
    created = uploads.create(
        company_id=company_id, kind="customers", file_format=FileFormat(), columns={}, policy="good_rows", dry_run=True
    )
    uploads.put_part(import_id=created.id, part=0, content=b"email\nada@customers.example\n")
    uploads.put_part(import_id=created.id, part=1, content=b"eve@customers.example\n")
    uploads.close(import_id=created.id, job_id=new_id())
    staging.read_next(created, kinds()["customers"], {})


def _open_incident(owner_url: str, company_id: UUID) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            """
            INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
            SELECT gen_random_uuid(), id, company_id, 'reserve_stock', 'compensating',
                '{"code": "timeout", "detail": null}', 1, now()
            FROM sagas WHERE company_id = %s""",
            [company_id],
        )
        connection.execute(
            """
            INSERT INTO saga_events (saga_id, company_id, step, event, happened_at)
            SELECT id, company_id, 'reserve_stock', 'incident', now() FROM sagas WHERE company_id = %s""",
            [company_id],
        )


def _signal(owner_url: str, company_id: UUID) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            """
            INSERT INTO queued_sagas (
                id, after_saga_id, company_id, name, subject_id, target_id, tags, queued_at)
            SELECT gen_random_uuid(), id, company_id, 'cancel_order', subject_id, subject_id, '{}', now()
            FROM sagas WHERE company_id = %s""",
            [company_id],
        )
        connection.execute(
            """
            INSERT INTO saga_signals (saga_id, company_id, signal, payload, result, sent_by, received_at)
            SELECT id, company_id, 'payment.confirmed', '{}', 'late', 'a test', now()
            FROM sagas WHERE company_id = %s""",
            [company_id],
        )

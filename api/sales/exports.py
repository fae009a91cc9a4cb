"""Export the orders of a company."""

from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.jobs.schemas import JobSchema
from kit import clock
from kit.jobs import results
from kit.jobs.rows import JobRow
from saga.jobs.sales import start_order_export

blueprint = Blueprint("order_exports", __name__, url_prefix="/api/order_exports", description="Exports of orders")


@blueprint.post("")
@blueprint.requires("export_orders")
@blueprint.response(202, JobSchema)
@blueprint.alt_response(409, "Conflict")
def export_orders() -> tuple[JobRow, dict[str, str]]:
    """Export all orders of your company as CSV.

    The export runs in the background, as a job: `Location` has its address. Each line has an order's id, shop, time
    (UTC), number, channel, states, currency and amounts in minor units; there is no data of customers. One export of a
    company runs at a time.
    """
    with request_transaction() as caller:
        assert caller.company_id
        job_id = start_order_export(company_id=caller.company_id, now=clock.now())
        return results.the_job(job_id=job_id), {"Location": f"/api/jobs/{job_id}"}

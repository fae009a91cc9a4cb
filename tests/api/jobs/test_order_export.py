"""A company exports its orders: a job in slices, whose progress is shown and whose result is downloaded."""

import csv
import io
import signal
from uuid import UUID

import pytest

from domain.sales import order_export
from kit.jobs import slices
from saga.jobs import sales as export
from tests import factories
from tests.forked import run_forked
from tests.jobs import next_slice, run_to_its_end, work

EXPORTS = "/api/order_exports"


@pytest.fixture
def company(api):
    """A company with five orders; another one has one."""
    company, other = factories.make_company(), factories.make_company()
    products = [factories.make_product(factories.make_shop(of)) for of in (company, other)]
    for product, of in zip(products, (company, other), strict=True):
        factories.put_stock(product, factories.make_warehouse(of), 10)
    orders = [factories.make_order(products[0]).id for _ in range(5)]
    factories.make_order(products[1])
    company.orders, company.product, company.other = orders, products[0], other
    return company


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch):
    """A call exports two orders, and a slice is one call."""
    monkeypatch.setattr(export, "BATCH_SIZE", 2)
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)


def downloaded(admin, job):
    answer = admin.get(job.json["result"])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


class TestExportOrders:
    def test_has_all_orders_of_the_company_and_no_data_of_customers(self, admin, company):
        answer = admin.post(EXPORTS)
        assert (answer.status_code, answer.json["state"], answer.json["result"]) == (202, "running", None)
        factories.make_order(company.product)  # later than the export
        run_to_its_end()
        job = admin.get(answer.headers["Location"])
        assert (job.json["state"], job.json["items"], job.json["name"]) == ("succeeded", 5, "export_orders")
        lines = downloaded(admin, job)
        assert [UUID(line["id"]) for line in lines] == company.orders
        assert {(line["status"], line["total"], line["currency"]) for line in lines} == {("pending", "1999", "EUR")}
        assert tuple(lines[0]) == order_export.COLUMNS
        assert {(line["number"][4], line["state"], line["discounts"], line["paid"]) for line in lines} == {
            ("-", "pending", "0", "0")
        }

    def test_shows_its_progress(self, admin, company):
        location = admin.post(EXPORTS).headers["Location"]
        work(next_slice())
        assert (admin.get(location).json["items"], admin.get(location).json["state"]) == (2, "running")
        refused = admin.get(f"{location}/result")
        assert (refused.status_code, refused.json["code"]) == (409, "job_unfinished")

    def test_runs_once_at_a_time(self, admin, company, api):
        assert admin.post(EXPORTS).status_code == 202
        refused = admin.post(EXPORTS)
        assert (refused.status_code, refused.json["code"]) == (409, "job_running")
        other = api.acting_as(factories.make_member(company.other), company.other)
        assert other.post(EXPORTS).status_code == 202
        run_to_its_end()
        assert admin.post(EXPORTS).status_code == 202

    def test_is_of_one_company(self, admin, company, api):
        location = admin.post(EXPORTS).headers["Location"]
        run_to_its_end()
        stranger = api.acting_as(factories.make_member(company.other), company.other)
        assert [stranger.get(path).status_code for path in (location, f"{location}/result")] == [404, 404]
        assert stranger.get("/api/jobs").json["data"] == []
        assert [job["id"] for job in admin.get("/api/jobs").json["data"]] == [location.rpartition("/")[2]]

    @pytest.mark.processes
    def test_leaves_no_order_out_and_has_none_twice_after_a_kill(self, admin, company, tmp_path, monkeypatch):
        monkeypatch.setattr(slices, "SLICE_SECONDS", 60.0)
        location = admin.post(EXPORTS).headers["Location"]
        first = next_slice()
        (tmp_path / "job.moved").write_text("SIGKILL")
        assert run_forked(lambda: work(first), failpoint_directory=tmp_path) == -signal.SIGKILL
        assert admin.get(location).json["items"] == 2
        work(first)  # the broker delivers the message again
        run_to_its_end()
        assert [UUID(line["id"]) for line in downloaded(admin, admin.get(location))] == company.orders

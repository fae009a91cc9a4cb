"""Prometheus gauges of the whole system, read from the database on each scrape; the same in every process."""

from collections.abc import Iterator

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy import text

from kit import db
from kit.alerts import KINDS
from saga.registry import STEPS

GAUGES = {
    "sagas": ("Open sagas", "state", ("running", "waiting", "finishing", "compensating", "stuck")),
    "open_incidents": ("Open incidents", "step", tuple(STEPS)),
    "open_alerts": ("Open alerts", "kind", KINDS),
    "schedule_delay_seconds": ("Time since a run of a schedule was due and has not ended", "schedule", ()),
    "schedule_failures": ("Failed runs of a schedule in a row", "schedule", ()),
}


class _DatabaseCollector(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        with db.probe_transaction():
            session = db.session()
            rows = session.execute(text("SELECT metric, label, value FROM database_metrics()"))
            values_by_label = {(row.metric, row.label): row.value for row in rows}
        for metric, (description, label, values) in GAUGES.items():
            gauge = GaugeMetricFamily(f"orderx_{metric}", description, labels=[label])
            for value in dict.fromkeys((*values, *(name for kind, name in values_by_label if kind == metric))):
                gauge.add_metric([value], values_by_label.get((metric, value), 0.0))
            yield gauge
        description = "Age of the oldest due row of the outbox"
        yield GaugeMetricFamily("orderx_outbox_oldest_due_seconds", description, value=values_by_label["outbox", ""])


def exposition() -> bytes:
    """The gauges in Prometheus' text format; empty while the database is unavailable."""
    registry = CollectorRegistry(auto_describe=False)
    try:
        registry.register(_DatabaseCollector())
        return prometheus_client.generate_latest(registry)
    except Exception as error:
        if not db.is_outage(error):
            raise
        return b""

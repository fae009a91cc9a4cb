"""How the whole system does, for Prometheus: read from the database when asked, the same at every process."""

from collections.abc import Iterator

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy import text

from kit import db
from kit.alerts import KINDS
from saga.registry import STEPS

SIGNS = {
    "sagas": ("Sagas that have not ended", "state", ("running", "finishing", "compensating", "stuck")),
    "open_incidents": ("Open incidents", "step", tuple(STEPS)),
    "open_alerts": ("Open alerts", "kind", KINDS),
}


class _VitalSigns(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        with db.probe_transaction():
            session = db.session()
            rows = session.execute(text("SELECT sign, label, value FROM vital_signs()"))
            found = {(row.sign, row.label): row.value for row in rows}
        for sign, (about, label, values) in SIGNS.items():
            gauge = GaugeMetricFamily(f"orderx_{sign}", about, labels=[label])
            for each in dict.fromkeys((*values, *(name for kind, name in found if kind == sign))):
                gauge.add_metric([each], found.get((sign, each), 0.0))
            yield gauge
        about = "Age of the oldest due message in the outbox"
        yield GaugeMetricFamily("orderx_outbox_oldest_due_seconds", about, value=found["outbox", ""])


def taken() -> bytes:
    """The vital signs as Prometheus reads them; none while the database does not answer."""
    registry = CollectorRegistry(auto_describe=False)
    try:
        registry.register(_VitalSigns())
        return prometheus_client.generate_latest(registry)
    except Exception as error:
        if not db.is_outage(error):
            raise
        return b""

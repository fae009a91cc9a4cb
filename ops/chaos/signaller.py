"""The process that starts the example sagas and sends their signals: `python -m ops.chaos.signaller …`.

When it is killed and started again, it repeats all that it has done: each saga starts once, and a signal that comes
again changes nothing.
"""

import argparse
import json
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import UUID

from kit import clock, db
from kit.errors import Conflict
from kit.process import logs
from kit.process.outages import retry_while_database_is_down
from kit.process.stopping import on_stop_signals
from kit.tenancy import Tenant
from ops.chaos.signal_scenarios import ScenarioAction, scenario_actions
from ops.chaos.waiting_saga import EXAMPLE_WAIT
from saga.engine import queries, signals
from saga.engine.definition import Saga
from saga.engine.locked_saga import SagaRef
from saga.engine.start import start

READY, ALL_SENT = "signaller started", "all signals are sent"
"""Lines that the process writes."""

_POLL_INTERVAL = 0.5


def run(*, seed: int, sagas: int, seconds: float, memory: Path) -> None:
    """Wait for a company, then run each scenario action at its time.

    The file `memory` keeps the time of the beginning for the process that replaces this one after a kill.
    """
    logs.configure()
    stopping = on_stop_signals()
    print(READY, flush=True)
    company_id, began = None, 0.0
    while company_id is None and not stopping.wait(_POLL_INTERVAL):
        company_id, began = _beginning(memory)
    for action in scenario_actions(seed=seed, sagas=sagas, seconds=seconds):
        if stopping.wait(max(0.0, began + action.at - time.time())) or company_id is None:
            return
        retry_while_database_is_down(partial(_run, action, company_id), stopping=stopping.is_set)
    print(ALL_SENT, flush=True)
    stopping.wait()


def _beginning(memory: Path) -> tuple[UUID | None, float]:
    """The company of the sagas and the time when they begin, from the former process if there was one."""
    if not memory.exists():
        company_id = retry_while_database_is_down(_first_company)
        if company_id is None:
            return None, 0.0
        draft = memory.with_suffix(".new")
        draft.write_text(json.dumps([str(company_id), time.time()]))
        draft.rename(memory)
    written, began = json.loads(memory.read_text())
    return UUID(written), began


def _first_company() -> UUID | None:
    with db.operator_transaction():
        row = db.run("SELECT id FROM companies ORDER BY id LIMIT 1", {}).fetchone()
    return row[0] if row else None


def _run(action: ScenarioAction, company_id: UUID) -> None:
    with db.transaction(Tenant(company_id=company_id)):
        saga = queries.saga_state(EXAMPLE_WAIT.name, subject_id=action.subject_id)
        if saga is None:
            start(EXAMPLE_WAIT, subject_id=action.subject_id, company_id=company_id, now=clock.now())
            return
    if action.signal:
        ref = SagaRef(saga.id, company_id)
        with suppress(Conflict):
            signals.signal(ref, _find, signal=action.signal, payload=action.signal_payload, by="chaos")


def _find(_name: str, _version: int | None) -> Saga:
    return EXAMPLE_WAIT


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--sagas", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--memory", type=Path, required=True)
    run(**vars(parser.parse_args()))

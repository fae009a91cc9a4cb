"""The run of a participant from which the points of a curve are measured."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.figures import Figures, latencies
from bench.load_generators import Sent
from bench.participant import Load, Participant, Setting
from bench.servers import Servers
from bench.trial import at_peak, process_trees, running, wait_until_finished

CurveData = dict[str, Any]
"""`{"title", "x", "y", "points": [{…}]}`: `x` and `y` name fields of a point; `series` distinguishes several lines."""

WriteLine = Callable[[str], None]


class Run:
    """A running participant, measured several times."""

    def __init__(self, servers: Servers, participant: Participant, load: Load, roots: Mapping[str, list[int]]) -> None:
        self._servers = servers
        self._roots = roots
        self.participant = participant
        self.load = load

    def peak(self, seconds: float) -> Figures:
        """Measure at the highest throughput."""
        return at_peak(self._servers, self.participant, self.load, self._roots, seconds)

    def at(self, rate: float, seconds: float) -> Figures:
        """Measure at `rate` orders a second."""
        sent = self.load.open_loop(seconds=seconds, rate=rate, threads=64)
        wait_until_finished(self.participant)
        times = self.participant.times(sent)
        return {"offered_per_s": round(rate, 1), "per_s": _rate(times, sent), **_latencies(times)}


def _rate(times: Mapping[str, tuple[float, float]], sent: Sent) -> float:
    return round(len(times) / (max(paid for _, paid in times.values()) - sent.begun), 1)


def _latencies(times: Mapping[str, tuple[float, float]]) -> Figures:
    return latencies([paid - placed for placed, paid in times.values()])


@contextmanager
def run(servers: Servers, kind: type[Participant], **changed: object) -> Iterator[Run]:
    """Start and warm up a participant with its first setting, in which `changed` replaces values."""
    setting: Setting = {**kind.settings[0], **changed}
    with servers.run_environment(f"curve_{kind.workload}_{kind.name}") as environment:
        participant = kind(environment, setting)
        participant.prepare()
        with running(participant.processes()) as processes, participant.load() as load:
            load.closed_loop(seconds=2, in_flight=setting["in_flight"], threads=setting["threads"])
            wait_until_finished(participant)
            environment.vacuum()
            yield Run(servers, participant, load, process_trees(servers, participant, processes, load))

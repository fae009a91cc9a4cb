"""What a curve is made of, and the run that its points are taken from."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.contestant import Contestant, Load, Setting
from bench.figures import Figures, latencies
from bench.loaders import Sent
from bench.stage import Stage
from bench.trial import at_peak, running, settle, trees

Curve = dict[str, Any]
"""`{"title", "x", "y", "points": [{…}]}`: `x` and each of `y` name what a point has; `series` tells several apart."""

Tell = Callable[[str], None]


class Run:
    """One contestant under way, of which several points are taken."""

    def __init__(self, stage: Stage, contestant: Contestant, load: Load, roots: Mapping[str, list[int]]) -> None:
        self._stage = stage
        self._roots = roots
        self.contestant = contestant
        self.load = load

    def peak(self, seconds: float) -> Figures:
        """What it does as fast as it can."""
        return at_peak(self._stage, self.contestant, self.load, self._roots, seconds)

    def at(self, rate: float, seconds: float) -> Figures:
        """What it does at this many orders a second, on the clock."""
        sent = self.load.on_the_clock(seconds=seconds, rate=rate, threads=64)
        settle(self.contestant)
        times = self.contestant.times(sent)
        return {"offered_per_s": round(rate, 1), "per_s": _rate(times, sent), **_latencies(times)}


def _rate(times: Mapping[str, tuple[float, float]], sent: Sent) -> float:
    return round(len(times) / (max(paid for _, paid in times.values()) - sent.begun), 1)


def _latencies(times: Mapping[str, tuple[float, float]]) -> Figures:
    return latencies([paid - placed for placed, paid in times.values()])


@contextmanager
def run(stage: Stage, kind: type[Contestant], **changed: object) -> Iterator[Run]:
    """A contestant, warmed up, with its first setting but for what is changed."""
    setting: Setting = {**kind.settings[0], **changed}
    with stage.scene(f"curve_{kind.workload}_{kind.name}") as scene:
        contestant = kind(scene, setting)
        contestant.prepare()
        with running(contestant.processes()) as processes, contestant.load() as load:
            load.closed(seconds=2, in_flight=setting["in_flight"], threads=setting["threads"])
            settle(contestant)
            scene.vacuum()
            yield Run(stage, contestant, load, trees(stage, contestant, processes, load))

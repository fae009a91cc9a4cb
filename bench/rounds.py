"""Rounds of trials: everybody takes a turn in each round, so that a busy minute hits all of them alike."""

from collections.abc import Callable, Mapping

from bench.contestant import Contestant, Setting
from bench.figures import Figures, median_of
from bench.stage import Stage
from bench.trial import Length, attempt

TUNING = Length(warm_up=1, peak=3, half=0)

Kinds = Mapping[str, type[Contestant]]
"""By `workload.name`."""

Choice = tuple[Setting, list[Figures]]
"""The setting to play with, and what was tried to find it."""

Tell = Callable[[str], None]


def tuned(stage: Stage, kinds: Kinds, tell: Tell) -> dict[str, Choice]:
    """Each contestant's best setting, by a short trial of each."""
    chosen: dict[str, Choice] = {}
    for called, kind in kinds.items():
        tried = [{"setting": dict(each), **_attempted(stage, kind, each, TUNING, tell)} for each in kind.settings]
        best = max(tried, key=lambda each: each.get("per_s", 0.0))
        chosen[called] = best["setting"], [{name: each[name] for name in _TOLD if name in each} for each in tried]
    return chosen


_TOLD = ("setting", "per_s", "error")


def untuned(kinds: Kinds) -> dict[str, Choice]:
    """Each contestant's first setting: the best of an earlier tuning."""
    return {called: (kind.settings[0], []) for called, kind in kinds.items()}


def played(
    stage: Stage, kinds: Kinds, chosen: Mapping[str, Choice], *, rounds: int, length: Length, tell: Tell
) -> dict[str, Figures]:
    """The medians of all rounds, with the setting; or the error, of a contestant that could not run."""
    trials: dict[str, list[Figures]] = {called: [] for called in kinds}
    for number in range(1, rounds + 1):
        tell(f"round {number} of {rounds}")
        for called, kind in kinds.items():
            trials[called].append(_attempted(stage, kind, chosen[called][0], length, tell))
    return {called: _summary(kinds[called], chosen[called], figures) for called, figures in trials.items()}


def _attempted(stage: Stage, kind: type[Contestant], setting: Setting, length: Length, tell: Tell) -> Figures:
    try:
        figures = attempt(stage, kind, setting, length)
    except Exception as error:  # noqa: BLE001 - a peer that cannot run here is a result, too
        tell(f"  {kind.workload} {kind.name}: {error}")
        return {"error": f"{type(error).__name__}: {error}"}
    tell(f"  {kind.workload} {kind.name}: {figures['per_s']:g} a second, {figures['cpu_ms_per_order']:g} ms CPU each")
    return figures


def _summary(kind: type[Contestant], choice: Choice, trials: list[Figures]) -> Figures:
    setting, tried = choice
    good = [figures for figures in trials if "error" not in figures]
    if not good:
        return {"error": trials[-1]["error"], "note": kind.note}
    return {
        **median_of(good),
        "rounds": len(good),
        "per_s_of_rounds": [figures["per_s"] for figures in good],
        "setting": dict(setting),
        "tried": tried,
        "note": kind.note,
    }

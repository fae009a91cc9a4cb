"""Rounds of trials: everybody takes a turn in each round, so that a busy minute hits all of them alike."""

from collections.abc import Callable, Sequence

from bench.contestant import Contestant, Setting
from bench.figures import Figures, median_of
from bench.stage import Stage
from bench.trial import Length, attempt

TUNING = Length(warm_up=1, peak=3, half=0)

Kind = type[Contestant]
Tell = Callable[[str], None]


def tuned(stage: Stage, kinds: Sequence[Kind], tell: Tell) -> dict[Kind, tuple[Setting, list[Figures]]]:
    """Each contestant's best setting, and what was tried to find it."""
    found = {}
    for kind in kinds:
        tried = [
            {"setting": dict(setting), **_attempted(stage, kind, setting, TUNING, tell)} for setting in kind.settings
        ]
        best = max(tried, key=lambda each: each.get("per_s", 0.0))
        found[kind] = best["setting"], [{k: v for k, v in each.items() if k in _TOLD} for each in tried]
    return found


_TOLD = ("setting", "per_s", "error")


def untuned(kinds: Sequence[Kind]) -> dict[Kind, tuple[Setting, list[Figures]]]:
    """Each contestant's first setting: the best of an earlier tuning."""
    return {kind: (kind.settings[0], []) for kind in kinds}


def played(
    stage: Stage, chosen: dict[Kind, tuple[Setting, list[Figures]]], *, rounds: int, length: Length, tell: Tell
) -> dict[Kind, Figures]:
    """The medians of all rounds, with the setting; or the error, of a contestant that could not run."""
    trials: dict[Kind, list[Figures]] = {kind: [] for kind in chosen}
    for number in range(1, rounds + 1):
        tell(f"round {number} of {rounds}")
        for kind, (setting, _) in chosen.items():
            trials[kind].append(_attempted(stage, kind, setting, length, tell))
    return {kind: _summary(kind, chosen[kind], figures) for kind, figures in trials.items()}


def _attempted(stage: Stage, kind: Kind, setting: Setting, length: Length, tell: Tell) -> Figures:
    try:
        figures = attempt(stage, kind, setting, length)
    except Exception as error:  # noqa: BLE001 - a peer that cannot run here is a result, too
        tell(f"  {kind.workload} {kind.name}: {error}")
        return {"error": f"{type(error).__name__}: {error}"}
    tell(f"  {kind.workload} {kind.name}: {figures['per_s']:g} a second")
    return figures


def _summary(kind: Kind, chosen: tuple[Setting, list[Figures]], trials: list[Figures]) -> Figures:
    setting, tried = chosen
    good = [figures for figures in trials if "error" not in figures]
    if not good:
        return {"error": trials[-1]["error"], "note": kind.note}
    spread = [figures["per_s"] for figures in good]
    about = {
        "rounds": len(good),
        "per_s_of_rounds": spread,
        "setting": dict(setting),
        "tried": tried,
        "note": kind.note,
    }
    return {**median_of(good), **about}

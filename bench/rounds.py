"""Rounds of trials: all participants run in each round, so that a slow minute affects all of them."""

from collections.abc import Callable, Mapping

from bench.figures import Figures, median_of
from bench.participant import Participant, Setting
from bench.servers import Servers
from bench.trial import Length, run_trial

TUNING = Length(warm_up=1, peak=3, half=0)

ParticipantKinds = Mapping[str, type[Participant]]
"""By `workload.name`."""

Choice = tuple[Setting, list[Figures]]
"""The setting to run with, and the trials that led to it."""

WriteLine = Callable[[str], None]


def best_settings(servers: Servers, kinds: ParticipantKinds, log: WriteLine) -> dict[str, Choice]:
    """Find each participant's best setting, by a short trial of each setting."""
    chosen: dict[str, Choice] = {}
    for called, kind in kinds.items():
        tried = [{"setting": dict(each), **_run_trial(servers, kind, each, TUNING, log)} for each in kind.settings]
        best = max(tried, key=lambda each: each.get("per_s", 0.0))
        chosen[called] = (
            best["setting"],
            [{name: each[name] for name in _TRIAL_FIELDS if name in each} for each in tried],
        )
    return chosen


_TRIAL_FIELDS = ("setting", "per_s", "error")


def first_settings(kinds: ParticipantKinds) -> dict[str, Choice]:
    """Each participant's first setting, which was the best in earlier runs."""
    return {called: (kind.settings[0], []) for called, kind in kinds.items()}


def run_rounds(
    servers: Servers,
    kinds: ParticipantKinds,
    chosen: Mapping[str, Choice],
    *,
    rounds: int,
    length: Length,
    log: WriteLine,
) -> dict[str, Figures]:
    """Run all rounds. Returns for each participant the medians and the setting, or the error."""
    trials: dict[str, list[Figures]] = {called: [] for called in kinds}
    for number in range(1, rounds + 1):
        log(f"round {number} of {rounds}")
        for called, kind in kinds.items():
            trials[called].append(_run_trial(servers, kind, chosen[called][0], length, log))
    return {called: _summary(kinds[called], chosen[called], figures) for called, figures in trials.items()}


def _run_trial(servers: Servers, kind: type[Participant], setting: Setting, length: Length, log: WriteLine) -> Figures:
    try:
        figures = run_trial(servers, kind, setting, length)
    except Exception as error:  # noqa: BLE001 - the result of a peer that cannot run here is its error
        log(f"  {kind.workload} {kind.name}: {error}")
        return {"error": f"{type(error).__name__}: {error}"}
    log(f"  {kind.workload} {kind.name}: {figures['per_s']:g} a second, {figures['cpu_ms_per_order']:g} ms CPU each")
    return figures


def _summary(kind: type[Participant], choice: Choice, trials: list[Figures]) -> Figures:
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

"""All reactions of all areas, by consumer and type of event."""

from collections import defaultdict

from domain import areas
from saga.reactions.definition import DECLARED, Handler


def gather() -> dict[str, dict[str, Handler]]:
    """Import the reactions of each area. Returns consumer → type of event → handler."""
    list(areas.modules("saga.reactions"))
    consumers: dict[str, dict[str, Handler]] = defaultdict(dict)
    for each in DECLARED:
        consumers[each.consumer][each.event_type] = each.handle
    return dict(consumers)


REACTIONS = gather()
"""Consumer → type of event → handler."""

RECORDED_IN = {each.consumer: each.recorded_in for each in DECLARED if each.recorded_in}
"""The consumers across companies → the table in which their reactions record the events. The others use the inbox."""

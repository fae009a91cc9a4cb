"""Two tasks whose batches are recorded."""

WAITING = 20
"""Messages that are sent at once, unless a test says otherwise."""

TASKS = ("inventory.reserve_stock", "inventory.count_stock")


class RecordingTask:
    """Records the batches of a task, and raises the errors set for certain calls."""

    def __init__(self):
        self.given, self.trouble, self.additional, self.make_calls = [], {}, [], None
        self.under_way, self.went_on, self.wake = set(), [], None

    def run_batch(self, calls):
        self.given.append([each.id for each in calls])
        for each in calls:
            trouble = self.trouble.get(each.id, [])
            if trouble:
                raise trouble.pop(0) if len(calls) == 1 else trouble[0]
        if self.make_calls:
            self.make_calls()
        return self.additional

    def is_under_way(self, call):
        return call.id in self.under_way

    def go_on(self):
        self.went_on.append(True)
        return self.additional

    @property
    def done(self):
        return {each for batch in self.given for each in batch}

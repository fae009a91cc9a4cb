import threading

from workers import sweeper
from workers.overdue_mails import MailResender


class TestSweepUntil:
    def test_goes_on_with_the_other_parts_when_one_fails(self, database, monkeypatch):
        done, stopping = [], threading.Event()

        def failing():
            raise KeyError("a defect of ours")

        def mails(self, *, now):
            done.append("mails")
            if len(done) == 3:
                stopping.set()

        monkeypatch.setattr(sweeper, "resend_stalled_sagas", failing)
        monkeypatch.setattr(MailResender, "resend", mails)
        monkeypatch.setattr(sweeper, "SWEEP_INTERVAL", 0.01)
        sweeper.sweep_until(stopping)
        assert done == ["mails"] * 3

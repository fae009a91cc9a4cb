"""The failpoints that no order passes: no saga of an order waits. test_wait_crashes.py kills a process at each."""

WAIT_FAILPOINTS = {"saga.waiting", "signal.recorded"}

"""Run one function in several threads at the same time."""

import threading


def run_concurrently(count, action):
    """Run `action` in `count` threads that start together. Returns their results."""
    barrier, answers = threading.Barrier(count), []

    def run():
        barrier.wait()
        answers.append(action())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers

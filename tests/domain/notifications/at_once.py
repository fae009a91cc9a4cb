"""Doing the same in several threads."""

import threading


def at_once(count, action):
    """What `action` returned in each of `count` threads that began together."""
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

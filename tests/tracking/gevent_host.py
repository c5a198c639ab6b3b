"""A host on gevent, in a process of its own: see test_processes.py.

A hundred greenlets track at once; prints how many answers were wrong.
"""

from __future__ import annotations

import sys


def main(url: str, tenant: str, contacts: int) -> None:
    from gevent import monkey

    monkey.patch_all()
    import gevent

    from motfunnel import Tracker
    from tests.tracking.scene import FUNNEL, PATIENT, day

    heard: list[str] = []
    tracker = Tracker(url, FUNNEL, tenant=tenant, budget=PATIENT)
    tracker.on("opening", lambda moment: heard.append(moment.contact))
    tracker.create_tables()

    def track(number: int) -> bool:
        said = (f"contact {number % contacts}", ("saw", "bought", "left")[number % 3])
        tracked = tracker.track(*said, id=number, occurred_at=day(number))
        return not tracked.duplicate and tracker.contact(said[0]).events > 0

    greenlets = [gevent.spawn(track, number) for number in range(100)]
    gevent.joinall(greenlets, timeout=120)
    tracker.close()
    sys.stdout.write(str(sum(greenlet.value is not True for greenlet in greenlets)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""What goes wrong during a soak, in which order, and how each is brought about."""

import random
import threading
import time
from collections.abc import Callable

from tests.soak.database import Database
from tests.soak.record import DATABASE, KILLED, Recording
from tests.soak.server import Server

Provoke = Callable[[], None]
# Each counts for a soak of ten minutes; a shorter one has fewer, but one of each at least.
RESTARTS, CRASHES, RELOADS, ENDS, KILLS = 16, 4, 8, 4, 4
MINUTES = 10


class Faults(threading.Thread):
    """Brings about one fault after the other, evenly over `seconds`, in an order that is the same each time."""

    def __init__(
        self, server: Server, database: Database, record: Recording, seconds: float, away: float
    ) -> None:
        super().__init__(name="faults", daemon=True)
        self.server, self.database, self.record = server, database, record
        self.seconds, self.away = seconds, away
        share = min(1.0, seconds / (MINUTES * 60 * 0.6))
        counted: list[tuple[Provoke, int]] = [
            (self.restart_database, RESTARTS),
            (self.crash_database, CRASHES),
            (self.reload, RELOADS),
            (self.end_and_start, ENDS),
            (self.kill_worker, KILLS),
        ]
        self.plan = [one for one, count in counted for _n in range(max(1, round(count * share)))]
        random.Random(7).shuffle(self.plan)
        self.plan.insert(len(self.plan) // 2, self.send_database_away)

    def run(self) -> None:
        try:
            step = self.seconds / (len(self.plan) + 1)
            for number, provoke in enumerate(self.plan, 1):
                time.sleep(max(number * step - self.record.now(), 0.2))
                provoke()
        except Exception as error:  # noqa: BLE001 — whatever it is, the soak has failed by it
            self.record.broken.append(f"faults: {error!r}")

    def restart_database(self) -> None:
        with self.record.fault(DATABASE, "restart"):
            self.database.restart("fast")

    def crash_database(self) -> None:
        with self.record.fault(DATABASE, "crash"):
            self.database.restart("immediate")

    def send_database_away(self) -> None:
        with self.record.fault(DATABASE, f"away for {self.away:g} s"):
            self.database.stop()
            time.sleep(self.away)
            self.database.start()

    def reload(self) -> None:
        """SIGHUP; over when other workers answer and the old ones are gone."""
        with self.record.fault("server", "SIGHUP"):
            before = {worker.pid for worker in self.server.workers()}
            self.server.reload()
            self.server.wait_until(lambda now: now and not now & before)

    def end_and_start(self) -> None:
        """SIGTERM and a new server at the same door, as `systemctl restart` does."""
        with self.record.fault("server", "SIGTERM, start"):
            self.server.restart()

    def kill_worker(self) -> None:
        with self.record.fault(KILLED, "kill -9 of a worker"):
            count = len(self.server.workers())
            killed = self.server.kill_worker()
            self.server.wait_until(lambda now: len(now) == count and killed not in now)

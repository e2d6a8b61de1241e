"""How many slots for video jobs the local Rekognition has in use, over time."""

from __future__ import annotations

import threading
import time

import httpx


class SlotWatch:
    """Samples how many jobs are open."""

    def __init__(self, control_url: str, every: float = 0.1) -> None:
        self._url = f"{control_url}/_control/health"
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.samples: list[tuple[float, int]] = []

    def _watch(self) -> None:
        with httpx.Client(trust_env=False, verify=False) as client:
            while not self._stop.wait(self._every):
                self.samples.append((time.monotonic(), client.get(self._url).json()["open_jobs"]))

    def __enter__(self) -> SlotWatch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def most(self) -> int:
        return max(jobs for _, jobs in self.samples)

    def share_in_use(self, slots: int) -> float:
        """Return the mean share of slots in use, from the first job until all are in use the last time."""
        used = [jobs for _, jobs in self.samples]
        first = next(number for number, jobs in enumerate(used) if jobs)
        last = max(number for number, jobs in enumerate(used) if jobs >= slots)
        body = used[first : last + 1]
        return sum(body) / len(body) / slots

    def seconds(self) -> float:
        """Return the time from the first job's start to the last one's end."""
        busy = [at for at, jobs in self.samples if jobs]
        return busy[-1] - busy[0]

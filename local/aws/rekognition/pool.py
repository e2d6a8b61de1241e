"""Worker processes for analyses. A worker that dies does not end the service."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

from local.aws.rekognition.model_files import use_models
from local.aws.rekognition.rekognition_errors import documented_error

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class WorkerPool:
    """A process pool that replaces itself when a worker dies (out of memory, a bug in a decoder).

    :param workers: most processes; they start when there is work.
    :param models: whether they use vision models.
    """

    def __init__(self, workers: int, models: bool = True) -> None:
        self._workers = workers
        self._models = models
        self._executor = self._make_executor()

    async def run(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Run a function in a worker, and once more if a worker died meanwhile.

        :raises ServiceError: InternalServerError if a worker died both times.
        """
        for _ in range(2):
            executor = self._executor
            try:
                return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)
            except BrokenProcessPool:
                logger.warning("a worker process died during %r", function)
                if self._executor is executor:
                    executor.shutdown(wait=False)
                    self._executor = self._make_executor()
        raise documented_error("InternalServerError", detail="A worker process died twice over this request.")

    def close(self) -> None:
        """End the workers, and drop work that has not begun."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _make_executor(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=get_context("spawn"),
            initializer=_start_worker,
            initargs=(self._models,),
        )


def _start_worker(models: bool) -> None:
    use_models(models)
    _end_with_parent()


def _end_with_parent() -> None:
    """End this worker when the service is killed."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

"""Awaiting without blocking: calls that wait run in a few threads, a job's events arrive as batches of an async generator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, ParamSpec, TypeVar

from phitune_gui.core.events import Event
from phitune_gui.jobs.supervisor import Supervisor

P = ParamSpec("P")
T = TypeVar("T")
BATCH_SECONDS = 0.05
PATIENCE_SECONDS = 2.0
"""Most calls end by themselves in this time when the window is closed."""
THREADS = 3


class Background:
    """The threads in which blocking calls wait while the window goes on; closed once, with the window."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="phitune")
        self._calls: set[Future[Any]] = set()

    async def call(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """The function's result or exception, once it has it."""
        called = self._threads.submit(function, *args, **options)
        self._calls.add(called)
        called.add_done_callback(self._calls.discard)
        return await asyncio.wrap_future(called)

    def close(self, interrupt: Callable[[], None]) -> None:
        """Lets go of what waits and waits for what runs; what still runs after `PATIENCE_SECONDS` is interrupted.

        `interrupt` is called once more at the end, for what a call began while it was being interrupted.
        """
        self._threads.shutdown(wait=False, cancel_futures=True)
        if wait(tuple(self._calls), timeout=PATIENCE_SECONDS).not_done:
            interrupt()
        self._threads.shutdown(wait=True)
        interrupt()


async def event_batches(supervisor: Supervisor, background: Background) -> AsyncIterator[list[Event]]:
    """The job's events, a batch at most every 50 ms, until the attempt has ended and its process is gone."""
    while True:
        events = await background.call(supervisor.read)
        if events:
            yield events
        elif supervisor.ended and not supervisor.alive:
            return
        await asyncio.sleep(BATCH_SECONDS)


async def cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    """Cancels every other task of the loop and waits until each has ended, also those that began meanwhile."""
    while tasks := asyncio.all_tasks(loop) - {asyncio.current_task(loop)}:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

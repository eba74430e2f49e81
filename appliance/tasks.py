"""Tasks that are to run as long as the unit does."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PART_FAILED = "part failed"  # marks, in a report to the loop, what the unit cannot go on without


def start_task(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Runs `work` as a named task; one that fails is reported to the loop at once.

    Left to itself, asyncio tells of a failed task only when it is thrown away, and the unit would
    go on without one of its parts. The service ends the program instead, to be started afresh.
    """
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    return task


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        message = f"the {task.get_name()} has failed"
        context = {"message": message, "exception": error, PART_FAILED: True}
        task.get_loop().call_exception_handler(context)


class Works:
    """Works that are completed also when whoever waits for them is cancelled."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()  # the loop itself holds tasks only weakly

    async def carry_through(self, work: Coroutine[Any, Any, T], name: str) -> T:
        """What `work` returns, as a task of that name."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    def cancel(self) -> None:
        """None of them is completed any more."""
        for each in self._tasks:
            each.cancel()

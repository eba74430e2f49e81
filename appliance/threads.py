"""Work on a thread that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def on_own_thread(name: str, work: Callable[[], T], discard: Callable[[T], None]) -> T:
    """The result of `work`, done on a daemon thread; raises what it raises.

    For work without a bound of its own, such as resolving a name: when the caller is cancelled the
    thread is left to itself, and what it comes back with is given to `discard`, on that thread.
    """
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:  # noqa: BLE001 - the top of a thread: whoever waits gets it
            outcome.set_exception(error)

    def clean_up(late: Future[T]) -> None:
        if late.exception() is None:
            discard(late.result())

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return await asyncio.wrap_future(outcome)
    except asyncio.CancelledError:
        outcome.add_done_callback(clean_up)  # at once where the result came in the same moment
        raise

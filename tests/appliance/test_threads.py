import asyncio
import threading

import pytest

from appliance.threads import on_own_thread
from tests.support.waiting import until


async def test_a_result_and_an_error_come_back() -> None:
    """As if the work had been done here, but on a thread of that name."""
    thread = await on_own_thread("a name", threading.current_thread, lambda _: None)
    assert (thread.name, thread.daemon) == ("a name", True)
    with pytest.raises(ValueError, match="invalid literal"):
        await on_own_thread("another", lambda: int("x"), lambda _: None)


async def test_what_comes_too_late_is_discarded() -> None:
    """A caller that gave up is not waited for, and its result is not left lying about."""
    discarded: list[str] = []
    go = threading.Event()
    started = threading.Event()

    def work() -> str:
        started.set()
        go.wait(10)
        return "late"

    waiting = asyncio.create_task(on_own_thread("slow", work, discarded.append))
    await until(started.is_set)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert discarded == []
    go.set()
    await until(lambda: discarded == ["late"])


async def test_a_result_in_the_moment_of_giving_up_is_discarded() -> None:
    """Neither lost nor delivered to nobody."""
    discarded: list[str] = []
    waiting = asyncio.create_task(on_own_thread("quick", lambda: "result", discarded.append))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: discarded == ["result"])

import asyncio

import pytest

from appliance.tasks import Works
from tests.support.waiting import until


async def test_a_work_is_carried_through_though_whoever_waits_is_cancelled() -> None:
    """It is completed all the same; whoever is still there gets its result."""
    works, go = Works(), asyncio.Event()
    done: list[str] = []

    async def work() -> str:
        await go.wait()
        done.append("done")
        return "result"

    gone, there = (asyncio.create_task(works.carry_through(work(), "a work")) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    go.set()
    assert await there == "result"
    await until(lambda: done == ["done", "done"])


async def test_works_can_be_ended() -> None:
    """In the middle, and whoever waits is not left waiting."""
    works, met = Works(), list[str]()

    async def work() -> None:
        met.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            met.append("ended")

    waiting = asyncio.create_task(works.carry_through(work(), "a work"))
    await until(lambda: met)
    works.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 10)
    assert met == ["begun", "ended"]

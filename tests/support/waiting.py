"""Waiting for a condition with a bound, so that no test sleeps blindly and none waits for ever."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.01  # short beside anything waited for, long beside a condition's cost


async def until(
    condition: Callable[[], T],
    timeout: float = 10,  # noqa: ASYNC109 - the bound belongs to the message too
    what: str = "the condition",
) -> T:
    """Return `condition()` once it is true; `AssertionError` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (met := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        await asyncio.sleep(POLL_S)
    return met


async def until_true(
    condition: Callable[[], Awaitable[T]],
    timeout: float = 30,  # noqa: ASYNC109 - as `until`
    what: str = "the condition",
) -> T:
    """`until` for a condition that has to be asked for."""
    deadline = time.monotonic() + timeout
    while not (met := await condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        await asyncio.sleep(POLL_S)
    return met


def wait_until(condition: Callable[[], T], timeout: float = 10, what: str = "the condition") -> T:
    """`until` for a test without an event loop."""
    deadline = time.monotonic() + timeout
    while not (met := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(POLL_S)
    return met

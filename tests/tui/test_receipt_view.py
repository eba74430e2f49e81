import asyncio
from collections.abc import Coroutine

import pytest

from appliance.unit import Unit
from tui.receipt_view import ReceiptView


class Work:
    """What views have spawned, run as the session does."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Begin it."""
        self.tasks.append(asyncio.create_task(work))

    async def done(self) -> None:
        """Wait for all of it."""
        await asyncio.gather(*self.tasks)


@pytest.fixture
def work() -> Work:
    """Nothing yet."""
    return Work()


@pytest.fixture
def view(unit: Unit, work: Work) -> ReceiptView:
    """The receipt of a new unit, not looked at yet."""
    return ReceiptView(unit, work.spawn)


def rows(view: ReceiptView, size: tuple[int, int] = (80, 60)) -> list[str]:
    """What is shown."""
    return [row.decode().rstrip() for row in view.compose(size).render(size).text]


async def test_it_shows_the_receipt_once_it_is_there(
    unit: Unit, view: ReceiptView, work: Work
) -> None:
    """And how to take it along; until then that it is coming."""
    view.refresh()
    how, command, _, waiting, *_ = rows(view)
    assert how.endswith(" with the ssh options as for this screen:")
    assert command.strip() == "ssh tech@unit receipt > receipt.txt"
    assert waiting == " The receipt is being put together ..."
    await work.done()
    text = "\n".join(rows(view))
    assert unit.serial_number in text
    assert "being put together" not in text


async def test_it_is_made_anew_every_few_seconds_and_once_at_a_time(
    view: ReceiptView, work: Work
) -> None:
    """Not every second: it reads certificates."""
    for _ in range(3):
        view.refresh()
    await work.done()
    view.refresh()
    assert len(work.tasks) == 1
    view._renew_at = 0.0
    view.refresh()
    await work.done()
    assert len(work.tasks) == 2


async def test_what_is_read_stays_in_place(view: ReceiptView, work: Work) -> None:
    """Though the time in its head is another one."""
    view.refresh()
    await work.done()
    rows(view, (80, 8))
    view.press("page down")
    before = rows(view, (80, 8))[:-1]
    view._renew_at = 0.0
    view.refresh()
    await work.done()
    assert rows(view, (80, 8))[:-1] == before


async def test_the_foot_line_fits(view: ReceiptView) -> None:
    """In 78 columns; a paste is nothing here."""
    view.insert("x")
    assert len(view.keys()) <= 78

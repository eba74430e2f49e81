import logging
from datetime import UTC, datetime

import pytest

from appliance.unit import Unit
from tests.support.waiting import until
from tui.log_view import LogView

SIZE = (80, 22)

log = logging.getLogger("appliance.something")


def rows(view: LogView, size: tuple[int, int] = SIZE) -> list[str]:
    """What is shown, brought up to date as the session does."""
    view.refresh()
    canvas = view.compose(size).render(size)
    return [row.decode().rstrip() for row in canvas.text]


def looks(view: LogView) -> dict[str, str]:
    """The look of each text shown."""
    canvas = view.compose(SIZE).render(SIZE)
    return {text.decode().strip(): str(name) for row in canvas.content() for name, _, text in row}


@pytest.fixture
async def view(unit: Unit) -> LogView:
    """The log of a unit that has settled: its radio modem is missing, and it has said so."""
    await until(lambda: "no such device" in unit.journal.entries()[-1].text)
    return LogView(unit)


async def test_what_the_unit_does_appears_as_it_happens(unit: Unit, view: LogView) -> None:
    """Under its day, with its time and a sign for how serious it is; the newest below."""
    log.warning("a warning")
    log.error("an error")
    log.info("news")
    shown = [row for row in rows(view) if row]
    start = f"{datetime.fromtimestamp(unit.journal.entries()[0].at, UTC):%Y-%m-%d %H:%M:%S}"
    assert shown[0] == f" {start[:10]}, times in UTC"
    assert shown[1] == f" {start[11:]}   unit KAM73471100 starts, concentrator {unit.version}"
    assert [row[9:] for row in shown[-4:-1]] == [" ! a warning", " x an error", "   news"]
    log.info("more news")
    assert any(row.endswith("   more news") for row in rows(view))


async def test_levels_have_looks(view: LogView) -> None:
    """Beside their signs."""
    log.warning("odd")
    log.error("bad")
    log.info("fine")
    view.refresh()
    found = {text[9:]: look for text, look in looks(view).items()}
    assert (found["! odd"], found["x bad"], found["  fine"]) == ("warning", "refused", "text")


async def test_w_leaves_only_warnings_and_errors(view: LogView) -> None:
    """And everything again; the foot line says which of the two it does."""
    log.info("nothing but news")
    log.error("trouble")
    foot = view.keys()
    assert "w only warnings" in foot
    view.press("w")
    text = "\n".join(rows(view))
    assert "trouble" in text
    assert "news" not in text
    foot = view.keys()
    assert "w everything" in foot
    view.press("W")
    assert "nothing but news" in "\n".join(rows(view))


async def test_without_any_it_says_so(unit: Unit, view: LogView) -> None:
    """An empty page would look like a fault."""
    view.press("w")
    unit.journal._entries.clear()
    assert rows(view)[0] == " nothing happened yet"
    log.info("news")
    assert rows(view)[0] == " no warning or error among the last 1 entries"


async def test_it_follows_unless_scrolled_away(view: LogView) -> None:
    """Whoever reads an old entry keeps it in view, and sees that there is more."""
    for number in range(100):
        log.info("entry %d", number)
    assert rows(view)[-1].endswith(", live")
    view.press("page up")
    before = rows(view)
    log.info("new")
    assert rows(view)[:-1] == before[:-1]
    assert rows(view)[-1].endswith("not live: End goes to the newest")
    view.press("end")
    view.insert("a paste is nothing here")
    assert rows(view)[-2].endswith("new")


async def test_another_day_has_its_own_heading(unit: Unit, view: LogView) -> None:
    """Entries have only the time."""
    record = log.makeRecord(log.name, logging.INFO, "", 0, "long ago", (), None)
    unit.journal._entries.clear()
    record.created = 1_795_391_999.0
    unit.journal.handle(record)
    record.created += 2
    unit.journal.handle(record)
    assert [row for row in rows(view) if row][:4] == [
        " 2026-11-22, times in UTC",
        " 23:59:59   long ago",
        " 2026-11-23, times in UTC",
        " 00:00:01   long ago",
    ]


async def test_the_foot_line_fits(view: LogView) -> None:
    """In 78 columns, either way."""
    assert len(view.keys()) <= 78
    view.press("w")
    assert len(view.keys()) <= 78

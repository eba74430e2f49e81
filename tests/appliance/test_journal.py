import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance import journal as journal_module
from appliance.journal import KEPT, LONGEST, STOPPED, Journal
from tests.support.waiting import until

log = logging.getLogger("appliance.something")


@asynccontextmanager
async def listening(directory: Path) -> AsyncIterator[Journal]:
    """A journal that takes in what is logged."""
    journal = Journal(directory)
    await journal.start()
    try:
        yield journal
    finally:
        await journal.stop()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """The journal of a new unit."""
    async with listening(tmp_path) as journal:
        yield journal


def told(journal: Journal) -> list[tuple[str, str]]:
    """Level and text of its entries."""
    return [(entry.level, entry.text) for entry in journal.entries()]


async def test_what_is_logged_is_what_is_told(journal: Journal) -> None:
    """INFO and up, of this program and of its screen; nothing of its libraries."""
    log.debug("debugged")
    log.info("connected to %s", "ssl://broker.example:8883")
    logging.getLogger("tui.session").warning("a screen failed")
    logging.getLogger("asyncssh").error("somebody else's")
    log.critical("worse")
    assert told(journal) == [
        ("info", "connected to ssl://broker.example:8883"),
        ("warning", "a screen failed"),
        ("error", "worse"),
    ]


async def test_it_listens_from_start_to_stop(tmp_path: Path) -> None:
    """Twice is once; its own end is its last word, and the loggers are as they were before."""
    root, appliance = logging.getLogger(), logging.getLogger("appliance")
    before, level = root.level, appliance.level
    root.setLevel(logging.ERROR)
    try:
        journal = Journal(tmp_path)
        log.error("too early")
        await journal.start()
        await journal.start()
        log.info("heard")
        await journal.stop()
        await journal.stop()
        log.error("too late")
        assert not log.isEnabledFor(logging.INFO)
    finally:
        root.setLevel(before)
    assert told(journal) == [("info", "heard"), ("info", STOPPED)]
    assert appliance.level == level
    assert journal not in appliance.handlers
    assert "journal" not in [thread.name for thread in threading.enumerate()]


async def test_an_entry_is_one_harmless_line_of_bounded_length(journal: Journal) -> None:
    """A broker's reason may hold anything."""
    log.info("a\nb\r\n\tc \u2028d\x1b[31m \u202ee")
    log.info("%s", "x" * 10_000_000)
    (_, neutralised), (_, bounded) = told(journal)
    assert neutralised == "a b c d\ufffd[31m \ufffde"
    assert bounded == "x" * (LONGEST - 1) + "…"


async def test_a_crash_is_told_in_one_line(journal: Journal) -> None:
    """The message, the kind of the exception and what it says; the traceback is for the log."""
    crash = ExceptionGroup("some", [ValueError("bad\nluck")])
    log.error("a session crashed", exc_info=crash)
    assert told(journal) == [("error", "a session crashed: ValueError: bad luck")]


async def test_a_message_that_cannot_be_formatted_fails_nobody(
    journal: Journal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported as logging reports it, and the next one is taken."""
    monkeypatch.setattr(log, "propagate", True)
    record = log.makeRecord(log.name, logging.INFO, "", 0, "%d frames", ("many",), None)
    journal.handle(record)
    log.info("next")
    assert told(journal) == [("info", "next")]
    assert "--- Logging error ---" in capsys.readouterr().err


async def test_the_last_thousand_are_kept_and_threads_may_log(journal: Journal) -> None:
    """Each thread's entries in its order; none is lost but the oldest."""

    def talk(name: int) -> None:
        for number in range(400):
            log.info("%d %d", name, number)

    threads = [threading.Thread(target=talk, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(journal.entries()) <= KEPT
        await asyncio.sleep(0)
    texts = [entry.text for entry in journal.entries()]
    assert len(texts) == KEPT
    for name in range(4):
        numbers = [int(text.split()[1]) for text in texts if text.startswith(f"{name} ")]
        assert numbers == list(range(400 - len(numbers), 400))


async def test_it_survives_a_restart(tmp_path: Path) -> None:
    """Time, level and text; a new run's entries follow."""
    async with listening(tmp_path) as journal:
        log.warning("refused because of ü")
        [before] = journal.entries()
    async with listening(tmp_path) as journal:
        log.info("again")
        first, *rest = told(journal)
        assert first == ("warning", "refused because of ü")
        assert rest == [("info", STOPPED), ("info", "again")]
        assert journal.entries()[0].at == int(before.at)
    line, *_ = (tmp_path / "journal.log").read_text().splitlines()
    assert line.endswith("Z warning refused because of ü")


async def test_a_run_that_was_not_stopped_is_named_in_the_next(tmp_path: Path) -> None:
    """With the time of the last that is known of it; a new unit and a stopped one are not."""
    async with listening(tmp_path) as journal:
        assert told(journal) == []
    async with listening(tmp_path) as journal:
        assert told(journal) == [("info", STOPPED)]
    with (tmp_path / "journal.log").open("a") as file:
        file.write("2026-11-23T08:00:00Z info connected\n")
    async with listening(tmp_path) as journal:
        level, text = told(journal)[-1]
    assert level == "warning"
    assert text.startswith("the last run was not stopped: ")
    assert text.endswith(" 2026-11-23 08:00:00 UTC")


async def test_damaged_lines_are_skipped(tmp_path: Path) -> None:
    """Zeros after a power cut, half a line, an impossible date, a foreign level."""
    good = "2026-11-23T08:00:00Z info good\x1b[2J"
    lines = [
        "2026-11-23T08:0",
        "\0" * 50,
        "2026-13-40T08:00:00Z info x",
        "",
        good,
        good.replace("info", "fatal"),
        f"2026-11-23T08:00:00Z info {STOPPED}",
    ]
    (tmp_path / "journal.log").write_text("\n".join(lines))
    async with listening(tmp_path) as journal:
        assert told(journal) == [("info", "good\ufffd[2J"), ("info", STOPPED)]


async def test_it_is_written_while_the_unit_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill takes no more than the last seconds; many entries are one write."""
    monkeypatch.setattr(journal_module, "GATHER_S", 0.01)
    monkeypatch.setattr(journal_module, "WRITE_EVERY_S", 0.01)
    path = tmp_path / "journal.log"
    async with listening(tmp_path):
        log.info("first")
        await until(path.exists)
        log.info("second")
        await until(lambda: "second" in path.read_text())
        assert path.read_text().count("first") == 1


async def test_what_happens_after_a_pause_is_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit that is killed soon after its start has told of it."""
    monkeypatch.setattr(journal_module, "WRITE_EVERY_S", 3600.0)
    path = tmp_path / "journal.log"
    async with listening(tmp_path):
        log.info("first")
        await until(path.exists)
        assert "first" in path.read_text()


async def test_a_full_disk_costs_the_disks_part_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once; with room again all that was kept meanwhile is written, and that is said too."""
    monkeypatch.setattr(journal_module, "GATHER_S", 0.01)
    monkeypatch.setattr(journal_module, "WRITE_EVERY_S", 0.01)
    path = tmp_path / "journal.log"
    path.symlink_to("/dev/full")
    async with listening(tmp_path) as journal:
        log.info("before")
        await until(lambda: journal._outage.failures > 3)
        log.info("meanwhile")
        path.unlink()
        await until(lambda: path.exists() and "written again after" in path.read_text())
        texts = [entry.text for entry in journal.entries()]
    assert texts[0] == "before"
    assert texts[1].startswith("the journal cannot be written (No space left on device): check")
    assert texts[2] == "meanwhile"
    assert texts[3].startswith("the journal can be written again after ")
    assert len(texts) == 4
    kept = [line.split(" ", 2)[2] for line in path.read_text().splitlines()]
    assert kept == [*texts, STOPPED]


async def test_an_unreadable_journal_is_named_and_the_unit_starts(tmp_path: Path) -> None:
    """A directory in the file's place; the new entries are in memory."""
    (tmp_path / "journal.log").mkdir()
    async with listening(tmp_path) as journal:
        log.info("up")
        (level, text), up = told(journal)
    assert level == "warning"
    assert text.startswith("the journal of earlier runs cannot be read (Is a directory): ")
    assert up == ("info", "up")

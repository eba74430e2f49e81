"""Owns the journal: what the unit did, in plain words, for the technician.

There is no second way of telling: what the program logs (INFO and up) is what is shown. Promises:
an entry is one line without control characters; the last KEPT are in memory, and on disk after
GATHER_S, or where entries follow each other after WRITE_EVERY_S; whoever logs never waits for the
disk and never fails, and a disk that refuses costs nothing but what a restart would have shown.
"""

import asyncio
import logging
import re
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from appliance.hidden_characters import REPLACEMENT, is_hidden
from appliance.journal_file import JournalFile
from appliance.outage import Outage

log = logging.getLogger(__name__)

LOGGERS = ("appliance", "tui")  # this program; what its libraries log is not for a technician
KEPT = 1000  # entries in memory
LONGEST = 500  # characters of an entry; a rehearsal's longest answer has some 300
GATHER_S = 0.2  # what happens at once is written at once, and soon: a kill may follow
WRITE_EVERY_S = 5.0  # many entries share one write: flash wears by the block
STOPPED = "the unit has stopped"

_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (info|warning|error) (.+)")

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What happened, in one line, and when (Unix seconds)."""

    at: float
    level: Level
    text: str


class Journal(logging.Handler):
    """The journal of the unit whose state directory this is."""

    def __init__(self, directory: Path) -> None:
        super().__init__(logging.INFO)
        self._file = JournalFile(directory)
        self._entries: deque[JournalEntry] = deque(maxlen=KEPT)
        self._taken = self._written = 0  # entries of this run
        self._levels: dict[str, int] = {}  # of the loggers, before they were listened to
        self._outage = Outage()  # of the disk
        self._news = threading.Event()  # there is something to write
        self._stopping = threading.Event()
        self._writer: threading.Thread | None = None

    async def start(self) -> None:
        """Takes up where the last run ended, and listens from now on; once."""
        if self._writer:
            return
        fault = ""
        try:
            earlier = await asyncio.to_thread(self._load)
        except OSError as error:
            earlier, fault = [], f"{error.strerror}"
        self._entries.extend(earlier)
        self._attach()
        # A daemon: no end of the program waits for words.
        self._writer = threading.Thread(target=self._keep_written, name="journal", daemon=True)
        self._writer.start()
        if fault:
            advice = "check the owner of [unit] state_dir"
            log.warning("the journal of earlier runs cannot be read (%s): %s", fault, advice)
        if earlier and earlier[-1].text != STOPPED:
            log.warning(
                "the last run was not stopped: power cut, kill or crash, some time after %s",
                f"{datetime.fromtimestamp(earlier[-1].at, UTC):%Y-%m-%d %H:%M:%S} UTC",
            )

    async def stop(self) -> None:
        """Says so as the last entry, listens no more, and writes what is not written yet; once."""
        if self._writer and not self._stopping.is_set():
            log.info(STOPPED)
            self._detach()
            self._stopping.set()
            self._news.set()
            await asyncio.to_thread(self._writer.join)

    def entries(self) -> tuple[JournalEntry, ...]:
        """The last KEPT entries, oldest first."""
        return self._snapshot()[0]

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a record in, on whatever thread it was logged."""
        try:
            entry = JournalEntry(record.created, _level(record.levelno), _text(record))
        except Exception:  # noqa: BLE001 - logging's rule: nobody fails because they log
            self.handleError(record)
        else:
            self._entries.append(entry)
            self._taken += 1
            self._news.set()

    def _snapshot(self) -> tuple[tuple[JournalEntry, ...], int]:
        """The entries, and how many this run had so far."""
        self.acquire()  # emit, on whatever thread, holds it too
        try:
            return tuple(self._entries), self._taken
        finally:
            self.release()

    def _attach(self) -> None:
        for name in LOGGERS:
            logger = logging.getLogger(name)
            self._levels[name] = logger.level
            if not logger.isEnabledFor(logging.INFO):
                logger.setLevel(logging.INFO)
            logger.addHandler(self)

    def _detach(self) -> None:
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.removeHandler(self)
            logger.setLevel(self._levels[name])

    # In the thread, and for the first reading in another one.

    def _load(self) -> list[JournalEntry]:
        return [entry for line in self._file.tail(KEPT) if (entry := _parse(line))]

    def _keep_written(self) -> None:
        while not self._stopping.is_set():
            self._news.wait()
            self._stopping.wait(GATHER_S)
            self._news.clear()
            self._write()
            self._stopping.wait(WRITE_EVERY_S)
        self._write()

    def _write(self) -> None:
        entries, taken = self._snapshot()
        new = min(taken - self._written, len(entries))
        if not new:
            return
        try:
            self._file.append([_line(entry) for entry in entries[-new:]])
        except OSError as error:
            self._news.set()  # to be tried again
            advice = "check the free space and the owner of [unit] state_dir"
            log.log(
                self._outage.level(""),
                "the journal cannot be written (%s): %s; it goes on in memory",
                error.strerror,
                advice,
            )
        else:
            self._written = taken
            if lasted := self._outage.end():
                log.info("the journal can be written again after %s", lasted)


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"


def _text(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info and (error := record.exc_info[1]):
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        text = f"{text}: {type(error).__name__}: {error}"
    return _one_line(text)


def _one_line(text: str) -> str:
    # First shortened, so that the length of a message is no work; a cluster of blanks may be more.
    words = " ".join(text[: 4 * LONGEST].split())
    if not words.isprintable():
        words = "".join(REPLACEMENT if is_hidden(each) else each for each in words)
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _line(entry: JournalEntry) -> str:
    return f"{datetime.fromtimestamp(entry.at, UTC):%Y-%m-%dT%H:%M:%SZ} {entry.level} {entry.text}"


def _parse(line: str) -> JournalEntry | None:
    """The entry of a line; None for one that is damaged."""
    found = _LINE.fullmatch(line)
    if not found:
        return None
    try:
        at = datetime.fromisoformat(found[1]).timestamp()
    except ValueError:
        return None
    return JournalEntry(at, cast(Level, found[2]), _one_line(found[3]))

"""The cache's files over time: the one in use, and damaged ones that are read into it.

Owned by one thread. Promises: whatever lies at `path`, `open` gives a file that can be used, or
says that the disk does not let it; a frame of a damaged file is put back at its place in the
order, and one that cannot be read counts as dropped once the file was read to its end. A salvage
that was interrupted goes on after a restart where it was.
"""

import logging
import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from appliance.forwarding.cache_aside import AsideFiles
from appliance.forwarding.cache_change import Quota
from appliance.forwarding.cache_error import (
    CacheDamagedError,
    CacheError,
    CacheFullError,
    DiskFailingError,
    cache_error,
    how_to_read,
)
from appliance.forwarding.cache_file import QUARANTINED_MOST, CacheFile
from appliance.forwarding.cache_ledger import Ledger
from appliance.forwarding.cache_salvage import GREATEST_ID, Salvage, mend_in_use, open_damaged
from appliance.forwarding.cache_space import CacheSpace

log = logging.getLogger(__name__)

_SALVAGED_AT_ONCE = 500  # frames: some 10 ms, so that new ones hardly wait, and a small WAL
_ID_LEAP = 1 << 40  # over ids that cannot be read: no unit receives that many frames


class CacheStorage:
    """The files at and beside `path`. Every method blocks, and raises CacheError."""

    def __init__(self, path: Path, quota: Quota) -> None:
        self._path = path
        self._quota = quota
        self._aside = AsideFiles(path)
        self._file: CacheFile | None = None
        self._salvages: list[Salvage] = []  # oldest first
        self.damage = f"the frame cache {path} was damaged before"  # that is being put right
        self.unreadable = ""  # a file that somebody has to make readable; what to do, in one line
        self.begun = False  # with nothing before it, as there was no file

    @property
    def file(self) -> CacheFile:
        """The file in use."""
        if self._file is None:
            raise CacheError(f"the frame cache {self._path} is not open yet")
        return self._file

    @property
    def readable_to(self) -> int:
        """The id up to which every frame that can be read is at its place."""
        if not self._salvages:
            return GREATEST_ID
        return self._salvages[0].reached if len(self._salvages) == 1 else 0

    def open(self, give_up: bool = False) -> None:
        """Opens or makes the file; a damaged one is moved aside first, or one to `give_up`."""
        try:
            self._aside.mend_move()
            self.begun, self.unreadable = self._aside.is_empty(), ""
            try:
                self._file = CacheFile(self._path, self._quota)
            except (CacheDamagedError, DiskFailingError) as error:
                if not give_up and isinstance(error, DiskFailingError):
                    raise
                self.damage = str(error)
                self._aside.move()
                self._file = CacheFile(self._path, self._quota)
            if not self._aside.waiting():
                self._aside.take_up(self.file.ledger.adopted)
            for number in reversed(self._aside.waiting()):
                self._find_salvage(
                    number,
                    f"{self.damage}: nothing could be read of it, and the counts of frames begin "
                    "again",
                )
            if self.unreadable:  # frames of it may come back at another start, and go first
                ledger = self.file.ledger
                self.file.take_over(replace(ledger, settled_to=_leap(ledger.settled_to)))
            else:
                self._write_off()
        except (OSError, CacheError) as error:
            self.close()
            if isinstance(error, CacheFullError):
                CacheSpace(self._path).give_up_reserve()
            if isinstance(error, OSError):
                raise cache_error(self._path, error) from error
            raise

    def begin_anew(self, last_id: int) -> None:
        """Moves the file aside and begins another; `last_id` is the greatest that is in it.

        What can be read is read through the old file's connection, which needs no name on disk;
        what another program has put in its place is looked through as well.
        """
        old, has_its_name = self.file, self.file.has_its_name()
        try:
            number = self._aside.move(old.ledger.adopted)
        except OSError as error:
            raise cache_error(self._path, error) from error
        salvage = Salvage(old.database, number if has_its_name and number else 0, to=last_id)
        if salvage.number:
            with suppress(sqlite3.Error, OSError):  # then what was read before has to do
                mend_in_use(old.database, self._aside.waiting_file(salvage.number))
        try:
            self._file = self._successor(old, salvage, number)
        except CacheError:
            if number is not None:
                self._aside.move_back(number)
            raise
        if salvage.number:
            path = self._aside.waiting_file(salvage.number)
            salvage.look_for_pages(path, old.ledger.first_id)
        self._salvages.append(salvage)
        if number and not has_its_name:
            with suppress(CacheError, OSError):  # it is found again at the next start
                self._find_salvage(number, "what was in the place of the frame cache is no cache")

    @property
    def is_salvaging(self) -> bool:
        """Whether there is something left for `salvage` to read."""
        return bool(self._salvages)

    def salvage(self) -> None:
        """Puts back some more frames."""
        source = self._salvages[0]
        before, expected = source.reached, self.file.ledger.salvaging
        try:
            frames = source.frames(_SALVAGED_AT_ONCE)
            last = source.ended and len(self._salvages) == 1
            reached = GREATEST_ID if source.ended else source.reached
            progress = Ledger(salvage=source.number, salvaged_to=reached)
            found = self.file.put_back(frames, progress, last=last)
        except (sqlite3.Error, OSError) as error:
            source.go_back(before)
            # That of the old file: no reason to give the new one up.
            raise CacheError(str(cache_error(self._path, error))) from error
        except CacheError:
            source.go_back(before)
            raise
        source.found += found
        if source.ended:
            self._salvages.pop(0)
            self._finish(source, max(0, expected - found) if last else 0)

    def close(self) -> None:
        """Closes what is open; a salvage goes on at the next start."""
        for each in self._salvages:
            each.close()
        self._salvages.clear()
        file, self._file = self._file, None
        if file:
            file.close()

    def _successor(self, old: CacheFile, salvage: Salvage, number: int | None) -> CacheFile:
        """A new file that goes on with the counts of `old`, and with what was set aside there."""
        file = CacheFile(self._path, self._quota)
        try:
            quarantined = salvage.quarantined(QUARANTINED_MOST)
            ledger = replace(
                old.ledger,
                cached=0,
                cached_priority=0,
                salvaging=old.ledger.salvaging + old.ledger.cached,
                quarantined=len(quarantined),
                dropped=old.ledger.dropped + old.ledger.quarantined - len(quarantined),
                adopted=number or old.ledger.adopted,
            )
            file.take_over(ledger, quarantined, old.clock_settings)
        except CacheError:
            file.close()
            raise
        return file

    def _find_salvage(self, number: int, in_vain: str) -> None:
        """Gets a damaged file ready to be read from where it was left; or says `in_vain`."""
        ledger = self.file.ledger
        if (number, GREATEST_ID) <= (ledger.salvage, ledger.salvaged_to):
            self._aside.done(number)
            return
        path = self._aside.waiting_file(number)
        after = ledger.salvaged_to if number == ledger.salvage else 0
        try:
            salvage = open_damaged(path, number, after)
        except (sqlite3.Error, OSError) as error:
            self._leave_out(number, in_vain, error)
            return
        if number > ledger.adopted:
            try:
                self._adopt(salvage)
            except CacheError:
                salvage.close()  # open, it would be locked the next time
                raise
        if theirs := salvage.ledger():
            salvage.look_for_pages(path, theirs.first_id)
        self._salvages.insert(0, salvage)

    def _adopt(self, salvage: Salvage) -> None:
        """Goes on with the counts of a file that was damaged when the unit started."""
        ours, theirs, last_id = self.file.ledger, salvage.ledger(), salvage.last_id()
        if theirs is None and last_id:
            log.warning("the counts in the damaged frame cache are unreadable: they begin again")
        theirs = theirs or Ledger(settled_to=last_id or 0)
        quarantined = salvage.quarantined(QUARANTINED_MOST)
        settled_to = max(ours.settled_to, theirs.settled_to, last_id or 0)
        since = max(0, (last_id or 0) - theirs.settled_to)  # came after the counts were written
        ledger = replace(
            ours,
            received_priority=ours.received_priority
            + theirs.received_priority
            + salvage.priority_behind(theirs.settled_to),
            published=ours.published + theirs.published,
            dropped=ours.dropped + theirs.dropped + max(0, theirs.quarantined - len(quarantined)),
            quarantined=ours.quarantined + len(quarantined),
            salvaging=ours.salvaging + theirs.salvaging + theirs.cached + since,
            settled_to=settled_to if last_id is not None else _leap(settled_to),
            adopted=salvage.number,
            salvage=theirs.salvage,
            salvaged_to=theirs.salvaged_to,
        )
        self.file.take_over(ledger, quarantined, salvage.clock_settings())

    def _leave_out(self, number: int, in_vain: str, error: Exception) -> None:
        """Does without a file that cannot be opened; unless it is damaged beyond that, it waits.

        Raises CacheFullError where there is no room to open it.
        """
        path, told = self._aside.waiting_file(number), cache_error(self._path, error)
        if isinstance(told, CacheFullError):
            raise told from error
        if isinstance(told, CacheDamagedError) or not path.is_file():
            log.error("%s; it is kept as %s", in_vain, self._aside.done(number))
            return
        remedy = how_to_read(path, told)
        if number > self.file.ledger.adopted:
            path = self._aside.put_off(number)
        self.unreadable = (
            f"frames and their counts are in {path}, which cannot be read: {remedy}, then restart"
        )

    def _finish(self, source: Salvage, lost: int) -> None:
        source.close()
        kept = ""
        if source.number:
            with suppress(OSError):  # it gets its last name at the next start
                kept = f"; it is kept as {self._aside.done(source.number)}"
        if source.found or lost:
            what = f"{source.found} frames were put back, {lost} are lost"
            log.warning("of the damaged frame cache %s%s", what, kept)
        else:
            log.info("there were no frames to put back in the damaged frame cache%s", kept)

    def _write_off(self) -> None:
        """Counts as dropped what no file is left for."""
        if not self._salvages and self.file.ledger.salvaging:
            self.file.put_back((), self.file.ledger, last=True)


def _leap(settled_to: int) -> int:
    return (settled_to // _ID_LEAP + 1) * _ID_LEAP

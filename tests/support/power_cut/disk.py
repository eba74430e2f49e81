"""What is on the disk after a power cut: the replay of a recording to a moment, and a draw of luck.

The disk keeps what was synced: of a file, what was written before its last fsync; of names, what
was changed before the last fsync of the directory. Of the rest it may keep anything: each write is
lost, kept or torn at the borders of its sectors; of the changes of names, which every journalling
file system commits in order, the first so many are kept. It is harsher than most disks are, and
allows nothing that POSIX forbids.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.power_cut.shim import Operation

SECTOR = 512  # bytes; the most that a medium promises to write whole or not at all

# SQLite's shared memory: written through mmap, which no recorder sees, and made anew after a cut.
NOT_KEPT = "-shm"


@dataclass(slots=True, eq=False)
class _File:
    """What is safe of a file, and what was done to it since."""

    safe: bytearray = field(default_factory=bytearray)
    since: list[Operation] = field(default_factory=list)

    def sync(self) -> None:
        for operation in self.since:
            _apply(self.safe, operation)
        self.since.clear()

    def content(self, luck: "_Luck") -> bytes:
        content = bytearray(self.safe)
        for operation in self.since:
            for part in luck.parts(operation):
                _apply(content, part)
        return bytes(content)


class Disk:
    """A directory's files as processes see them, and as a cut would leave them."""

    def __init__(self, directory: Path) -> None:
        """What `directory` holds now is taken for synced."""
        self._directory = directory.resolve()
        self._inodes: dict[int, _File] = {}
        self._safe: dict[Path, _File] = {}
        for path, content in files_of(self._directory).items():
            inode = (self._directory / path).stat().st_ino
            file = self._inodes.setdefault(inode, _File(bytearray(content)))
            self._safe[self._directory / path] = file
        self._names = dict(self._safe)
        self._renamed: list[dict[Path, _File | None]] = []  # changes of names since their sync

    def do(self, done: Operation) -> None:
        """One more operation: between any two of them the power may fail."""
        if done.path.name.endswith(NOT_KEPT):
            return
        match done.kind:
            case "create":
                file = self._inodes[done.inode] = _File()
                self._change({done.path: file})
            case "write" | "truncate":
                self._inodes[done.inode].since.append(done)
            case "sync" if known := self._inodes.get(done.inode):
                known.sync()
            case "sync":
                self._sync_names(done.path)
            case "rename":
                self._change({done.path: None, done.target: self._names[done.path]})
            case "link":
                self._change({done.target: self._names[done.path]})
            case "unlink":
                self._change({done.path: None})

    def after_a_cut(self, chance: random.Random) -> dict[Path, bytes]:
        """The files, by path below the directory, that the power failing now leaves."""
        luck = _Luck(chance)
        names = dict(self._safe)
        for change in self._renamed[: luck.first_of(len(self._renamed))]:
            _rename(names, change)
        return {
            path.relative_to(self._directory): file.content(luck) for path, file in names.items()
        }

    def now(self) -> dict[Path, bytes]:
        """The files as processes see them."""
        everything = _Everything()
        return {
            path.relative_to(self._directory): file.content(everything)
            for path, file in self._names.items()
        }

    def _change(self, change: dict[Path, _File | None]) -> None:
        _rename(self._names, change)
        self._renamed.append(change)

    def _sync_names(self, directory: Path) -> None:
        # In order over all directories: a sync takes what came before it elsewhere along.
        assert directory == self._directory, f"{directory}: only one directory is modelled"
        for change in self._renamed:
            _rename(self._safe, change)
        self._renamed.clear()


def files_of(directory: Path) -> dict[Path, bytes]:
    """What `directory` really holds, but for what no recorder sees."""
    return {
        path.relative_to(directory): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and not path.name.endswith(NOT_KEPT)
    }


def restore(files: dict[Path, bytes], directory: Path) -> None:
    """Writes the files below `directory`, which is made, private as a unit's state is."""
    directory.mkdir(mode=0o700, parents=True)
    for path, content in files.items():
        (directory / path).touch(mode=0o600)
        (directory / path).write_bytes(content)


class _Luck:
    """What a cut keeps of what was not synced: this cut nothing, all, or a part at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._share = chance.choice((0.0, 1.0, chance.random(), chance.random()))

    def first_of(self, count: int) -> int:
        return round(count * self._share)

    def parts(self, operation: Operation) -> Iterator[Operation]:
        if self._chance.random() >= self._share:
            return
        if operation.kind == "truncate" or self._share == 1 or self._chance.random() < 0.5:
            yield operation
            return
        for start, piece in _sectors(operation):  # torn
            if self._chance.random() < self._share:
                yield Operation(
                    "write", operation.at, operation.inode, start, operation.path,
                    operation.target, piece,
                )  # fmt: skip


class _Everything(_Luck):
    def __init__(self) -> None:
        super().__init__(random.Random(0))
        self._share = 1.0


def _sectors(write: Operation) -> Iterator[tuple[int, bytes]]:
    start, end = write.offset, write.offset + len(write.data)
    while start < end:
        border = min(end, (start // SECTOR + 1) * SECTOR)
        yield start, write.data[start - write.offset : border - write.offset]
        start = border


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "truncate":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    content.extend(bytes(max(0, operation.offset - len(content))))
    content[operation.offset : operation.offset + len(operation.data)] = operation.data


def _rename(names: dict[Path, _File], change: dict[Path, _File | None]) -> None:
    for path, file in change.items():
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file

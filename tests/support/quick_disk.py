"""A directory on a file system in memory, where there is one: for tests of what was safe when.

A busy machine's disk may take a second for one sync, and until then no frame is safe. What a kill,
or the replay of a recorded power cut, takes is the same on either kind.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IN_MEMORY = Path("/dev/shm")


@contextmanager
def quick_directory(name: str = "quick") -> Iterator[Path]:
    """An empty directory of that name, gone at the end."""
    parent = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent) as temporary:
        directory = Path(temporary).resolve() / name
        directory.mkdir()
        yield directory

import errno
import os
import stat
from pathlib import Path

import pytest

from appliance.durable_file import replace_file


def test_writes_a_private_file(tmp_path: Path) -> None:
    """A new file has the data, mode 0600, and nothing beside it."""
    path = tmp_path / "file"
    replace_file(path, b"one")
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_replaces_what_was_there(tmp_path: Path) -> None:
    """An old file is replaced whole, and made private."""
    path = tmp_path / "file"
    path.write_bytes(b"much longer than the new")
    path.chmod(0o644)
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    """Leftovers of an interrupted write are swept by the next one."""
    path = tmp_path / "file"
    (tmp_path / "file.new").write_bytes(b"half")
    (tmp_path / "file.old").write_bytes(b"old")
    replace_file(path, b"one")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, nth: int) -> None:
    """Let the nth call of os.NAME fail as on a full disk."""
    real = getattr(os, name)
    calls = 0

    def failing(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **options)

    monkeypatch.setattr(os, name, failing)


STEPS = [("open", 1), ("fdopen", 1), ("fsync", 1), ("link", 1), ("replace", 1), ("fsync", 2)]


@pytest.mark.parametrize(("step", "nth"), STEPS)
@pytest.mark.parametrize("before", [b"old", None], ids=["replacing", "new"])
def test_a_failure_at_any_step_changes_nothing(
    step: str, nth: int, before: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails, the old contents stay, and nothing is left beside them."""
    path = tmp_path / "file"
    if before is not None:
        replace_file(path, before)
    with monkeypatch.context() as patched:
        fail_at(patched, step, nth)
        with pytest.raises(OSError, match="No space left"):
            replace_file(path, b"new")
    left = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert left == ({} if before is None else {"file": before})

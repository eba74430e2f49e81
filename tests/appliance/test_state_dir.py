import stat
from pathlib import Path

import pytest

from appliance.state_dir import StateDirError, sole_user


def test_the_directory_is_made_private(tmp_path: Path) -> None:
    """0700, parents and all."""
    with sole_user(tmp_path / "a" / "state"):
        assert stat.S_IMODE((tmp_path / "a" / "state").stat().st_mode) == 0o700


def test_a_second_user_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    """Two engines on one cache would damage it."""
    running = pytest.raises(StateDirError, match="another concentrator is running on")
    with sole_user(tmp_path), running:
        sole_user(tmp_path).__enter__()
    with sole_user(tmp_path):
        pass


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "state").touch()
    with pytest.raises(StateDirError, match=r"state: .*: check \[unit\] state_dir"):
        sole_user(tmp_path / "state").__enter__()

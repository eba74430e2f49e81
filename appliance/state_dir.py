"""The unit's state directory: private, and one process's at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import ConcentratorError


class StateDirError(ConcentratorError):
    """The state directory cannot be made or is in use."""


@contextlib.contextmanager
def sole_user(state_dir: Path) -> Iterator[None]:
    """Holds `state_dir` for this process: two engines on one cache would damage it.

    The directory is made (0700) where there is none. Raises StateDirError.
    """
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The directory itself, not a file in it: worn flash comes up read-only, and is served from.
        lock = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        advice = "check [unit] state_dir and its owner"
        raise StateDirError(f"{state_dir}: {error.strerror}: {advice}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if not isinstance(error, BlockingIOError):
            raise StateDirError(f"{state_dir}: cannot be locked: {error.strerror}") from error
        raise StateDirError(
            f"another concentrator is running on {state_dir}: stop it, "
            "or give this one a [unit] state_dir of its own"
        ) from error
    try:
        yield
    finally:
        os.close(lock)

"""Owns the saved and the active values on disk.

What `save` or `activate` has returned from survives a power cut; what it raised for has changed
nothing, neither in memory nor on disk.
"""

import json
import logging
import math
from pathlib import Path

from appliance.durable_file import replace_file
from appliance.errors import ConcentratorError
from appliance.parameters.values import ParameterValues

logger = logging.getLogger(__name__)

VERSION = 1  # of the file format


class StoreError(ConcentratorError):
    """The state directory cannot be read or written; one line that says what to do."""


class ParameterStore:
    """Saved and active values in `saved.json` and `active.json` of a directory, mode 0600.

    Every method blocks; one call at a time.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._saved = ParameterValues()
        self._active: ParameterValues | None = None
        self._active_since: float | None = None

    @property
    def saved(self) -> ParameterValues:
        """What the technician saved last; all empty as from the factory."""
        return self._saved

    @property
    def active(self) -> ParameterValues | None:
        """What is in service; None as long as nothing was activated."""
        return self._active

    @property
    def active_since(self) -> float | None:
        """When the active values went into service, in Unix seconds."""
        return self._active_since

    def load(self) -> None:
        """Read both files, creating the directory (0700) where there is none; raise StoreError.

        A missing file stands for a factory-new unit. A damaged one is moved aside, and logged.
        """
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            saved = self._read("saved.json")
            active = self._read("active.json")
        except OSError as error:
            raise StoreError(
                f"the configuration in {self._directory} cannot be read ({error.strerror}): "
                "check the directory and its owner, then start again"
            ) from error
        self._saved = saved[0] if saved else ParameterValues()
        self._active, self._active_since = active or (None, None)

    def save(self, values: ParameterValues) -> None:
        """Make these the saved values; raise StoreError."""
        self._write("saved.json", {"version": VERSION, "values": dict(values)})
        self._saved = values

    def activate(self, values: ParameterValues, now: float) -> None:
        """Make these the active values from `now` on, in Unix seconds; raise StoreError."""
        self._write("active.json", {"version": VERSION, "since": now, "values": dict(values)})
        self._active, self._active_since = values, now

    def _read(self, name: str) -> tuple[ParameterValues, float | None] | None:
        """Return what the file holds, None where there is none or it was damaged."""
        path = self._directory / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return _parse(data)
        except (ValueError, RecursionError) as error:
            # Refused and the errors of JSON and UTF-8 are ValueErrors. Their kind only: the
            # text could quote a secret.
            aside = path.with_name(f"{name}.damaged")
            path.replace(aside)
            logger.error(
                "%s is damaged (%s) and was moved to %s: enter the configuration again",
                path,
                type(error).__name__,
                aside.name,
            )
            return None

    def _write(self, name: str, document: dict[str, object]) -> None:
        data = json.dumps(document, indent=1).encode("ascii")
        try:
            replace_file(self._directory / name, data)
        except OSError as error:
            raise StoreError(
                f"not stored, {name} cannot be written ({error.strerror}): check that the disk "
                f"has room and {self._directory} may be written, then try again"
            ) from error


def _parse(data: bytes) -> tuple[ParameterValues, float | None]:
    """Return values and time of a file; raise ValueError where it is not one of ours."""
    document = json.loads(data)
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ValueError("not a version of this format")
    texts, since = document.get("values"), document.get("since")
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("values are not texts")
    if since is not None and not (isinstance(since, int | float) and math.isfinite(since)):
        raise ValueError("not a time")
    return ParameterValues(texts), None if since is None else float(since)

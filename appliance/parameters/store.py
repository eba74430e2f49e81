"""Owns the saved values and the activations on disk.

What `save`, `record` or `complete` has returned from survives a power cut; what it raised for has
changed nothing, neither in memory nor on disk. What is active is the last activation that went
into service: kept in one file with the history, so that a power cut leaves the old or the new,
whole.
"""

import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from appliance.durable_file import replace_file
from appliance.errors import ConcentratorError
from appliance.parameters.values import ParameterValues

logger = logging.getLogger(__name__)

T = TypeVar("T")

VERSION = 1  # of the file formats
KEPT = 20  # activations in the history; the active one is kept however old


class StoreError(ConcentratorError):
    """The state directory cannot be read or written; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation: when (Unix seconds), by whom, and in words what came of it.

    `first_puback` is when the broker first acknowledged a message of it (Unix seconds).
    """

    at: float
    by: str
    outcome: str
    in_service: bool
    values: ParameterValues
    first_puback: float | None = None


class ParameterStore:
    """Saved values in `saved.json`, activations in `activations.json` of a directory, mode 0600.

    Every method blocks; one call at a time.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._saved = ParameterValues()
        self._activations: tuple[Activation, ...] = ()

    @property
    def saved(self) -> ParameterValues:
        """What the technician saved last; all empty as from the factory."""
        return self._saved

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The last KEPT activations, newest first; those that went back too."""
        return self._activations[:KEPT]

    @property
    def active(self) -> Activation | None:
        """What is in service; None as long as nothing was activated."""
        return _active(self._activations)

    def load(self) -> None:
        """Read both files, creating the directory (0700) where there is none; raise StoreError.

        A missing file stands for a factory-new unit. A damaged one is moved aside, and logged.
        """
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            saved = self._read("saved.json", _parse_saved)
            activations = self._read("activations.json", _parse_activations)
        except OSError as error:
            raise StoreError(
                f"the configuration in {self._directory} cannot be read ({error.strerror}): "
                "check the directory and its owner, then start again"
            ) from error
        self._saved = saved if saved is not None else ParameterValues()
        self._activations = activations or ()

    def save(self, values: ParameterValues) -> None:
        """Make these the saved values; raise StoreError."""
        self._write("saved.json", {"values": dict(values)})
        self._saved = values

    def record(self, activation: Activation) -> None:
        """Add an activation; in service, it is the active one from now on. Raise StoreError.

        One of the very values that are active takes that one's place: it is no other to go back
        to, and must not push others out.
        """
        before = self._activations
        if before and activation.in_service and _same_service(activation, before[0]):
            before = before[1:]
        kept = (activation, *before)
        active = _active(kept)
        self._keep(
            tuple(each for number, each in enumerate(kept) if number < KEPT or each is active)
        )

    def complete(self, first_puback: float) -> None:
        """Add the first PUBACK to the active activation, unless it has one. Raise StoreError."""
        active = self.active
        if active and active.first_puback is None:
            completed = replace(active, first_puback=first_puback)
            self._keep(tuple(completed if each is active else each for each in self._activations))

    def _keep(self, activations: tuple[Activation, ...]) -> None:
        self._write("activations.json", {"activations": [_entry(each) for each in activations]})
        self._activations = activations

    def _read(self, name: str, parse: Callable[[Any], T]) -> T | None:
        """Return what the file holds, None where there is none or it was damaged."""
        path = self._directory / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return parse(_document_in(data))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            # Refused and the errors of JSON and UTF-8 are ValueErrors. Their kind only: the
            # text could quote a secret.
            aside = path.with_name(f"{name}.damaged")
            path.replace(aside)
            fault = type(error).__name__
            advice = "enter the configuration again"
            logger.error("%s is damaged (%s), kept as %s: %s", path, fault, aside.name, advice)
            return None

    def _write(self, name: str, document: dict[str, object]) -> None:
        data = json.dumps({"version": VERSION, **document}, indent=1).encode("ascii")
        try:
            replace_file(self._directory / name, data)
        except OSError as error:
            raise StoreError(
                f"not stored, {name} cannot be written ({error.strerror}): check that the disk "
                f"has room and {self._directory} may be written, then try again"
            ) from error


def _same_service(one: Activation, other: Activation) -> bool:
    return other.in_service and one.values == other.values


def _active(activations: tuple[Activation, ...]) -> Activation | None:
    return next((each for each in activations if each.in_service), None)


def _entry(activation: Activation) -> dict[str, object]:
    return {
        "at": activation.at,
        "by": activation.by,
        "outcome": activation.outcome,
        "in_service": activation.in_service,
        "values": dict(activation.values),
        "first_puback": activation.first_puback,
    }


def _document_in(data: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(data)
    if document["version"] != VERSION:
        raise ValueError("not a version of this format")
    return document


def _parse_saved(document: dict[str, Any]) -> ParameterValues:
    return _parse_values(document["values"])


def _parse_activations(document: dict[str, Any]) -> tuple[Activation, ...]:
    return tuple(_parse_activation(each) for each in document["activations"])


def _parse_activation(document: dict[str, Any]) -> Activation:
    """Return one entry; raise ValueError, TypeError or KeyError where it is none of ours."""
    by, outcome, in_service = document["by"], document["outcome"], document["in_service"]
    if not (isinstance(by, str) and isinstance(outcome, str) and isinstance(in_service, bool)):
        raise TypeError("a field of the wrong type")
    puback = document.get("first_puback")  # files written before it was kept have none
    return Activation(
        _parse_time(document["at"]),
        by,
        outcome,
        in_service,
        _parse_values(document["values"]),
        None if puback is None else _parse_time(puback),
    )


def _parse_time(at: Any) -> float:
    if not (isinstance(at, int | float) and math.isfinite(at)):
        raise ValueError("not a time")
    return float(at)


def _parse_values(texts: Any) -> ParameterValues:
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("values are not texts")
    return ParameterValues(texts)

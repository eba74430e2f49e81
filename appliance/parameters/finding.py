"""Owns what a review says of a configuration: errors that keep it from service, and warnings."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for a technician; `key` names the parameter to look at, None means the whole.

    An error surely keeps frames from the broker; a warning may be meant that way. `str()` is
    "key: text", or the text alone.
    """

    severity: Literal["error", "warning"]
    text: str
    key: str | None = None

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text

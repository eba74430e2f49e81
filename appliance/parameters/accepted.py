"""Owns what a rule answers when it takes a value."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Accepted:
    """A value as it is to be stored, with what the technician should still know about it.

    `text` is kept out of the repr: it may be a secret.
    """

    text: str = field(repr=False)
    warnings: tuple[str, ...] = ()

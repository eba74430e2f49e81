"""Owns what a rule answers when it takes a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Accepted:
    """A value as it is to be stored, with what the technician should still know about it.

    `also` offers what the same paste holds for other parameters: key to text, each as that
    parameter accepts it. Both texts are kept out of the repr: they may be secrets.
    """

    text: str = field(repr=False)
    warnings: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

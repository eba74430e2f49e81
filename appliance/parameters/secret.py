"""Owns the type that keeps a secret out of logs, errors and screens."""

import hmac
from typing import final


@final
class Secret:
    """A text that shows itself only on request: `repr`, `str` and formatting give "<secret>"."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str | tuple[object, ...]:
        # A pickled or copied secret is a secret written down.
        raise TypeError("a secret is not serialised")

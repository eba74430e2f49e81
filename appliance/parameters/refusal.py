"""Owns how a value is refused: one line for a technician, saying what is wrong and what is right.

No refusal ever carries the value of a secret parameter, or any part of it.
"""


class Refused(ValueError):  # noqa: N818 - an answer the technician expects, not a fault
    """A value or a configuration that breaks a rule; `key` names the parameter where it is known.

    `str()` is "key: reason", or the reason alone; always one line.
    """

    def __init__(self, reason: str, key: str | None = None) -> None:
        super().__init__(reason, key)
        self.reason = reason
        self.key = key

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}" if self.key else self.reason


class ConfigurationRefused(Refused):
    """Values that cannot go into service; `problems` holds every reason, in catalogue order."""

    def __init__(self, problems: tuple[Refused, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class Changed(Refused):
    """Somebody else has saved another value since the caller looked; nothing was stored."""

"""Owns taking back what was changed in a text, and doing it again; generic.

Holds parts of the text, which may be a secret: nothing of them is in a repr.
"""

from collections import deque
from dataclasses import dataclass, field

MOST_STEPS = 100
MOST_CHARACTERS = 250_000  # in all steps together: a megabyte at the most


@dataclass(slots=True)
class Change:
    """From `at` on, `removed` was replaced by `inserted`."""

    at: int
    removed: str = field(repr=False)
    inserted: str = field(repr=False)

    @property
    def size(self) -> int:
        """Characters it holds."""
        return len(self.removed) + len(self.inserted)


class History:
    """The steps that led to a text. What is typed is a step a word, what is erased one a run."""

    def __init__(self) -> None:
        self._done: deque[Change] = deque()
        self._undone: list[Change] = []
        self._held = 0
        self._in_run = False  # whether the next change may still belong to the last step

    def record(self, change: Change, *, in_run: bool) -> None:
        """Keep a change that was made; with `in_run` it is one of a run of such."""
        self._held += change.size - sum(each.size for each in self._undone)
        self._undone.clear()
        if not (in_run and self._in_run and _joined(self._done[-1], change)):
            self._done.append(change)
        self._in_run = in_run
        while self._done and (len(self._done) > MOST_STEPS or self._held > MOST_CHARACTERS):
            self._held -= self._done.popleft().size
        self._in_run = self._in_run and bool(self._done)

    def end_run(self) -> None:
        """Let the next change be a step of its own."""
        self._in_run = False

    def undo(self) -> Change | None:
        """Return the change to make next in order to take the last step back, if there is one."""
        self._in_run = False
        if not self._done:
            return None
        change = self._done.pop()
        self._undone.append(change)
        return Change(change.at, change.inserted, change.removed)

    def redo(self) -> Change | None:
        """Return the change to make next in order to do again what was last undone."""
        self._in_run = False
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]

    def clear(self) -> None:
        """Forget everything."""
        self._done.clear()
        self._undone.clear()
        self._held = 0
        self._in_run = False


def _joined(step: Change, change: Change) -> bool:
    """Make the change part of the step that it goes on with; say whether it does."""
    if step.inserted and change.inserted:
        begins_word = step.inserted[-1].isspace() and not change.inserted.isspace()
        if begins_word or change.removed or change.at != step.at + len(step.inserted):
            return False
        step.inserted += change.inserted
    elif step.inserted or change.inserted:
        return False
    elif change.at + len(change.removed) == step.at:
        step.at, step.removed = change.at, change.removed + step.removed
    elif change.at == step.at:
        step.removed += change.removed
    else:
        return False
    return True

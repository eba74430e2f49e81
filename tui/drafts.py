"""Owns the edits that nobody has saved yet, beyond the session they were made in.

A connection that breaks takes no typed value along: the next login is offered what was in the
fields. Kept in memory only, since an edit may be a private key and nobody asked to store it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.parameters.secret import Secret

_KEPT = 8  # sessions that were cut off; older ones give way


@dataclass(frozen=True, slots=True)
class Edit:
    """A text in a field, and the saved value it was begun from; `cleared`: to be forgotten."""

    text: Secret
    origin: Secret
    cleared: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A session's unsaved edits by parameter: who made them, and when they were left (Unix s).

    `left_at` is None while that session is still open: its line may be dead without knowing.
    """

    by: str
    edits: Mapping[str, Edit]
    left_at: float | None


class Drafts:
    """What the sessions of one unit leave unsaved, oldest first."""

    def __init__(self) -> None:
        self._open: list[Callable[[], Draft]] = []
        self._left: list[Draft] = []

    def enter(self, current: Callable[[], Draft]) -> "Offer":
        """Take note of a session by what tells its edits; return what it is offered."""
        offer = Offer(tuple(self._left), tuple(self._open))
        self._open.append(current)
        return offer

    def leave(self, current: Callable[[], Draft]) -> None:
        """Take note of a session's end; edits that it still has are kept for the next one."""
        self._open.remove(current)
        draft = current()
        if draft.edits:
            self._left.append(draft)
            del self._left[:-_KEPT]

    def forget(self, offer: "Offer") -> None:
        """Offer these to nobody else: they were taken, or turned down."""
        found = offer.found()
        self._left = [each for each in self._left if each not in found]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a session found when it began: edits left behind, and sessions that were open.

    Of those it tells what they have now: one that is left in order has nothing any more.
    """

    left: tuple[Draft, ...] = ()
    others: tuple[Callable[[], Draft], ...] = ()

    def found(self) -> tuple[Draft, ...]:
        """Return the drafts as they are now, newest last; some may be without an edit."""
        return (*self.left, *(current() for current in self.others))

    def drafts(self, is_news: Callable[[str, Edit], bool]) -> tuple[Draft, ...]:
        """Return them with the edits alone that are news, as told by key and edit."""
        kept = (_only(each, is_news) for each in self.found())
        return tuple(each for each in kept if each.edits)


def _only(draft: Draft, is_news: Callable[[str, Edit], bool]) -> Draft:
    edits = {key: edit for key, edit in draft.edits.items() if is_news(key, edit)}
    return Draft(draft.by, edits, draft.left_at)

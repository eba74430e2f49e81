"""Owns one parameter on the screen: its input field, how it stands, and what is said of it.

A saved secret never comes into its field, which starts empty: only that it is set is shown.
"""

import re
from collections.abc import Sequence
from enum import Enum

from appliance.parameters.catalogue import Kind, Parameter
from appliance.parameters.finding import Finding
from appliance.parameters.secret import Secret
from tui.drafts import Edit
from tui.judgement import Judgement, of_findings
from tui.keys import PASTE_LIMIT
from tui.widgets import TextField, Viewport

_NOT_BY_HAND = "Paste what is to replace it, or press <Clear>."
_UNDO_KEYS = ("ctrl z", "ctrl _")
_DELETING_KEYS = ("backspace", "delete", "ctrl u", "ctrl k", "ctrl w", "ctrl h", "meta backspace")
_URL = re.compile(r"\s*[a-z]+://", re.IGNORECASE)
_REPLACES = "(set; what you enter replaces it)"

_PEM = "-----BEGIN "
_PRIVATE_KEY = "PRIVATE KEY-----"  # may come in a bundle, in whichever field it is pasted


class State(Enum):
    """Where a value stands; the value is its sign in the list, since colour alone tells nothing."""

    EMPTY = " "
    ACTIVE = "="
    PENDING = "*"
    EDITED = "~"
    INVALID = "!"


class Entry:
    """One parameter, the field it is edited in, and what there is to say of its saved value."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self.field = TextField(
            multiline=parameter.kind is not Kind.LINE,
            masked=parameter.secret,
            hides=lambda text: _PRIVATE_KEY in text,
        )
        self.stored = False
        self.conflict = False  # Save was refused: what is saved is not what the edit began from
        self._window = Viewport(self.field)
        self._description = TextField(multiline=True, masked=False)
        self._description_window = Viewport(self._description)
        self._saved = ""  # what the field shows unedited: the saved value, "" for a secret
        self._origin = Secret("")
        self._pending = False
        self._cleared = False
        self._active_lines: tuple[str, ...] = ()  # where the active value is a PEM
        self._judged: Secret | None = None  # the text that the verdict is about
        self._verdict: Judgement | None = None
        self._findings: tuple[Finding, ...] = ()  # of the saved configuration's review

    @property
    def origin(self) -> str:
        """The saved value that the edit began from."""
        return self._origin.reveal()

    @property
    def described(self) -> bool:
        """Whether a description stands in place of the field's text: no one reads PEM."""
        return bool(self._description.edit_text) and not self.edited

    @property
    def view(self) -> Viewport:
        """What is shown of it, as many rows as there are."""
        return self._description_window if self.described else self._window

    @property
    def text(self) -> str:
        """What Save would store."""
        return self.field.get_edit_text()

    @property
    def edited(self) -> bool:
        """Whether Save has something to do."""
        return self._cleared or self.text != self._saved

    @property
    def state(self) -> State:
        """What the list shows: where the value stands, or that it would be refused."""
        if self.judgement and self.judgement.refused:
            return State.INVALID
        return self.standing

    @property
    def standing(self) -> State:
        """Where the value stands, right or wrong."""
        if self.edited:
            return State.EDITED
        if self._pending:
            return State.PENDING
        return State.ACTIVE if self.stored else State.EMPTY

    @property
    def judgement(self) -> Judgement | None:
        """What there is to say of the text in the field, or, unedited, of what is saved."""
        if self.edited:
            return self._verdict if self.text else None  # Save always takes an empty one
        return of_findings(self._findings)

    @property
    def to_be_judged(self) -> str | None:
        """The edited text that nothing has been said of yet."""
        if not self.edited or self._judged == Secret(self.text):
            return None
        return self.text

    def take_judgement(self, text: str, judgement: Judgement | None) -> None:
        """Take what is to be said of the text, which may be another one by now."""
        self._judged, self._verdict = Secret(text), judgement

    def take_findings(self, findings: tuple[Finding, ...]) -> None:
        """Take what the review of the saved configuration says of this parameter."""
        self._findings = findings

    @property
    def edit(self) -> Edit | None:
        """The edit that is not saved, for another session to take up."""
        if not self.edited:
            return None
        return Edit(Secret(self.text), self._origin, self._cleared)

    def restore(self, edit: Edit) -> None:
        """Take up an edit of another session."""
        self.field.replace(edit.text.reveal())
        self._origin, self._cleared = edit.origin, edit.cleared
        self._explain()

    def refresh(self, saved: str, *, pending: bool) -> None:
        """Take over what is saved by now, perhaps from elsewhere; an edit under way stays."""
        shown = "" if self.parameter.secret else saved
        if (shown, bool(saved)) != (self._saved, self.stored):
            self._findings = ()  # they are about another value
        if not self.edited:
            self._origin = Secret(saved)
            if shown != self._saved:
                self.field.replace(shown)
        self._saved, self._pending, self.stored = shown, pending, bool(saved)
        self._cleared = self._cleared and self.stored
        self._explain()

    def settle(self, submitted: str, stored: str) -> None:
        """Take `submitted` for saved, as `stored`: no longer an edit, unless changed since."""
        self._origin, self.conflict = Secret(stored), False
        if self.text == submitted:
            self.field.replace(self._saved)
            self._cleared = False
            self._verdict = self._judged = None

    def meet(self, saved: str) -> None:
        """Be told of the value saved meanwhile: another Save replaces that one knowingly."""
        self._origin, self.conflict = Secret(saved), True

    def drop_edit(self) -> None:
        """Show what is saved."""
        self.field.replace(self._saved)
        self._verdict = self._judged = None
        self._cleared = self.conflict = False
        self._explain()

    def offer(self, text: str) -> None:
        """Put in the field, as an edit, what another parameter's paste held for this one."""
        self.field.replace(text)

    @property
    def summary(self) -> str:
        """The value in one line, for a list: a secret and a PEM as what they are."""
        if self.edited or not self.stored:
            return ""
        if self.parameter.secret:
            return "(set)"
        if self.parameter.kind is Kind.PEM:
            return str(self._description.edit_text).partition("\n")[0].rstrip(",")
        return self._saved.replace("\n", " ")

    def active_words(self, text: str) -> str:
        """Return what to show of the value in service, whose text is given."""
        if self._active_lines:
            return ", ".join(self._active_lines)
        return "set" if self.parameter.secret else text.replace("\n", " ")

    def describe(self, lines: Sequence[str], active: Sequence[str] = ()) -> None:
        """Take the lines that describe the saved and the active value; none where text is shown."""
        self._active_lines = tuple(active)
        text = "\n".join(lines)
        if text and self.parameter.secret:
            text = f"{_REPLACES}\n{text}"
        if text != self._description.edit_text:
            self._description.set_edit_text(text, edit_pos=0)

    def press(self, key: str) -> str:
        """Take an editing key; return what the technician should know of it."""
        if not self.described:
            self._cleared = self._cleared and key not in _UNDO_KEYS
            self.field.press(key)
            self._explain()
        elif key in _DELETING_KEYS:
            return _NOT_BY_HAND
        else:
            self._description.press(key)
        return ""

    def clear(self) -> None:
        """Empty the field; for a secret this is what tells Save to forget it."""
        self.field.replace("", undoable=True)
        self.conflict = False
        self._cleared = self.parameter.secret and self.stored
        self._explain()

    def insert(self, text: str) -> str:
        """Put typed or pasted text at the cursor; return what the technician should know of it.

        Upon a saved certificate a paste takes that one's place: nobody edits one by hand, and
        behind the old one the new one would go unnoticed. So does a whole URL upon a saved one.
        """
        remark = ""
        if self.described and len(text) == 1:
            return _NOT_BY_HAND  # a stray key is not to cost a certificate
        if not self.edited and (self.parameter.kind is Kind.PEM or _URL.match(text)):
            self.field.replace("", undoable=True)
        if self.parameter.kind is Kind.LINE and _PEM in text:
            return "This is PEM, nothing was taken: it belongs in a certificate's or key's field."
        if self.parameter.kind is Kind.LINE:
            first, *more = text.strip("\n").split("\n")
            if more:
                remark = f"Only the first of {len(more) + 1} pasted lines was taken: one line fits."
            text = first
        if len(self.text) + len(text) > PASTE_LIMIT:
            return f"Too long, nothing was taken: {PASTE_LIMIT:,} characters fit."
        self.field.insert_text(text)
        return remark

    def _explain(self) -> None:
        """Say in an empty secret's field what its emptiness means."""
        hint = ""
        if self._cleared:
            hint = "(cleared once you press <Save>)"
        elif self.parameter.secret and self.stored:
            hint = _REPLACES
        self.field.placeholder = ("hint", hint) if hint else None

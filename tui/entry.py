"""Owns one parameter on the screen: its input field, and whether what is in it has been saved.

A saved secret never comes here: its field starts empty, and only that it is set is known.
"""

from enum import Enum

from appliance.parameters.catalogue import Kind, Parameter
from tui.keys import PASTE_LIMIT
from tui.widgets import TextField, Viewport


class State(Enum):
    """Where a value stands; the value is its sign in the list, since colour alone tells nothing."""

    EMPTY = " "
    ACTIVE = "="
    PENDING = "*"
    EDITED = "~"


class Entry:
    """One parameter, the field it is edited in and the window upon that field."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self.field = TextField(multiline=parameter.kind is not Kind.LINE, masked=parameter.secret)
        self.view = Viewport(self.field)
        self.stored = False
        self._saved = ""  # what the field shows unedited: the saved value, "" for a secret
        self._pending = False
        self._cleared = False

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
        """Where the value stands."""
        if self.edited:
            return State.EDITED
        if self._pending:
            return State.PENDING
        return State.ACTIVE if self.stored else State.EMPTY

    def refresh(self, saved: str, *, pending: bool) -> None:
        """Take over what is saved by now, perhaps from elsewhere; an edit under way stays."""
        shown = "" if self.parameter.secret else saved
        if not self.edited and shown != self._saved:
            self.field.replace(shown)
        self._saved, self._pending, self.stored = shown, pending, bool(saved)
        self._cleared = self._cleared and self.stored
        self._explain()

    def settle(self, submitted: str) -> None:
        """Take `submitted` for saved: no longer an edit, unless the field has changed since."""
        if self.text == submitted:
            self.field.replace(self._saved)
            self._cleared = False

    def clear(self) -> None:
        """Empty the field; for a secret this is what tells Save to forget it."""
        self.field.replace("")
        self._cleared = self.parameter.secret and self.stored
        self._explain()

    def insert(self, text: str) -> str:
        """Put typed or pasted text at the cursor; return what the technician should know of it.

        Upon a saved certificate it takes that one's place: nobody edits one by hand, and behind
        the old one the new one would go unnoticed.
        """
        remark = ""
        if self.parameter.kind is Kind.PEM and not self.edited:
            self.field.replace("")
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
            hint = "(set; what you enter replaces it)"
        self.field.placeholder = ("hint", hint) if hint else None

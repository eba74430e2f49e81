import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.editing import EditedText

MOVES = ("left", "right", "home", "end", "ctrl left", "ctrl right")
KEYS = (*MOVES, "backspace", "delete", "ctrl w", "ctrl u", "ctrl k", "ctrl z", "ctrl y")


def text_of(before: str, *, hidden: bool = False) -> EditedText:
    """Return a text with its cursor at the bar."""
    edited = EditedText(lambda _: hidden, lambda _: None)
    edited.replace(before.replace("|", ""), undoable=False)
    edited.move(before.index("|"))
    return edited


def shown(edited: EditedText) -> str:
    """Return the text with a bar for the cursor."""
    return f"{edited.text[: edited.cursor]}|{edited.text[edited.cursor :]}"


@pytest.mark.parametrize(
    ("keys", "before", "after"),
    [
        (("left",), "ab|c", "a|bc"),
        (("right",), "ab|c", "abc|"),
        (("left",), "ae\u0301|b", "a|e\u0301b"),  # a letter with its accent is one step
        (("right",), "a|e\u0301b", "ae\u0301|b"),
        (("home", "ctrl a"), "one\ntw|o\nthree", "one\n|two\nthree"),
        (("end", "ctrl e"), "one\nt|wo\nthree", "one\ntwo|\nthree"),
        (
            ("ctrl left", "meta left", "meta b"),
            "ssl://broker.example|:8883",
            "ssl://broker.|example:8883",
        ),
        (
            ("ctrl right", "meta right", "meta f"),
            "ssl|://broker.example:8883",
            "ssl://broker|.example:8883",
        ),
        (("ctrl left",), "one\n  |two", "|one\n  two"),
        (("backspace", "ctrl h"), "ab|c", "a|c"),
        (("backspace",), "one\n|two", "one|two"),
        (("backspace",), "ae\u0301|b", "a|b"),
        (("delete",), "a|bc", "a|c"),
        (("ctrl w", "meta backspace"), "data/meters/on|e", "data/meters/|e"),
        (("ctrl w",), "one two  |", "one |"),
        (("ctrl u",), "one\ntw|o", "one\n|o"),
        (("ctrl k",), "on|e\ntwo", "on|\ntwo"),
    ],
)
def test_editing_keys_edit(keys: tuple[str, ...], before: str, after: str) -> None:
    """As they do in shells and editors, line by line and word by word."""
    for key in keys:
        edited = text_of(before)
        assert edited.press(key)
        assert shown(edited) == after


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("at", ["|", "|\n", "\n|", "\n|\n"])
def test_keys_stop_at_the_ends(key: str, at: str) -> None:
    """Where there is nothing to move over or to erase, the cursor stays within the text."""
    edited = text_of(at)
    assert edited.press(key)
    assert 0 <= edited.cursor <= len(edited.text)


def test_other_keys_are_not_taken() -> None:
    """They have a meaning elsewhere."""
    edited = text_of("one|")
    assert not any(edited.press(key) for key in ("up", "down", "tab", "f1", "ctrl c", "x"))
    assert shown(edited) == "one|"


@pytest.mark.parametrize(
    ("key", "after"),
    [
        ("ctrl left", "one\n|two three four"),
        ("ctrl right", "one\ntwo three four|"),
        ("ctrl w", "one\n|e four"),
    ],
)
def test_where_a_secret_has_its_blanks_is_not_shown(key: str, after: str) -> None:
    """In a hidden text a word is a line."""
    edited = text_of("one\ntwo thre|e four", hidden=True)
    edited.press(key)
    assert shown(edited) == after


def test_words_pastes_and_runs_are_undone_as_they_were_done() -> None:
    """Typed words, a paste, erased characters: a step each; and each can be done again."""
    edited = text_of("|")
    for character in "one two":
        edited.insert(character)
    edited.insert(" pasted words")
    for _ in range(3):
        edited.press("backspace")
    edited.press("ctrl u")
    states = ["|", "one |", "one two|", "one two pasted words|", "one two pasted wo|", "|"]
    for state in reversed(states[:-1]):
        edited.press("ctrl z")
        assert shown(edited) == state
    for state in states[1:]:
        edited.press("ctrl y")
        assert shown(edited) == state


def test_moving_the_cursor_begins_a_new_step() -> None:
    """What was typed before going elsewhere and coming back stays."""
    edited = text_of("|")
    edited.insert("a")
    edited.press("left")
    edited.press("right")
    edited.insert("b")
    edited.press("ctrl _")
    assert shown(edited) == "a|"


def test_another_text_is_a_new_beginning_unless_said_otherwise() -> None:
    """What the program shows cannot be undone into what was there before; what it cleared can."""
    edited = text_of("mine|")
    edited.replace("", undoable=True)
    edited.press("ctrl z")
    assert shown(edited) == "mine|"
    edited.replace("another's", undoable=False)
    edited.press("ctrl z")
    assert shown(edited) == "another's|"


@settings(deadline=None)  # no matter how slow the machine
@given(st.lists(st.sampled_from(KEYS) | st.text("ab \n水\u0301", min_size=1, max_size=3)))
def test_all_can_be_undone_and_done_again(presses: list[str]) -> None:
    """However it was reached, a text can be taken back to its beginning and come again."""
    changed: list[int] = []
    edited = EditedText(lambda text: text.count("水") > 1, changed.append)
    before = ""
    for press in presses:
        if press not in KEYS:
            edited.insert(press)
        else:
            edited.press(press)
        if edited.text != before:
            assert edited.text[: changed[-1]] == before[: changed[-1]]
        before = edited.text
        assert 0 <= edited.cursor <= len(edited.text)
    for _ in presses:
        edited.press("ctrl y")
    ended = edited.text
    for _ in presses:
        edited.press("ctrl z")
    assert edited.text == ""
    for _ in presses:
        edited.press("ctrl y")
    assert edited.text == ended

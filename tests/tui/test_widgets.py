import urwid

from tui.widgets import TextField, Viewport, printable


def shown(field: TextField, columns: int = 40) -> list[str]:
    """Return the rows of the field, without trailing blanks."""
    return [row.decode().rstrip() for row in field.render((columns,)).text]


def test_printable_drops_what_steers_or_deceives() -> None:
    """Cc, Cf, Co and Cs go, newlines and every visible character stay."""
    assert printable("a\x1b[31mb\u202ec\ud800\ue000\x85d\n水 e\u0301") == "a[31mbcd\n水 e\u0301"


def test_a_field_keeps_exactly_what_was_entered() -> None:
    """Characters that cannot be shown are in the text all the same, and seen to be there."""
    field = TextField(multiline=True, masked=False)
    field.insert_text("a\u202eb\tc\nd")
    assert field.edit_text == "a\u202eb\tc\nd"
    assert shown(field) == ["a\N{REPLACEMENT CHARACTER}b c", "d"]


def test_a_masked_field_shows_asterisks_and_keeps_its_lines() -> None:
    """Neither the rows nor the repr of a secret's field hold any of it."""
    field = TextField(multiline=True, masked=True)
    field.insert_text("hunter2\nabc")
    assert shown(field) == ["*******", "***"]
    assert "hunter" not in repr(field)


def test_editing_keys_edit() -> None:
    """Left, Right, Home, End, Backspace and Delete do what they say, line by line."""
    field = TextField(multiline=True, masked=False)
    field.replace("one\ntwo")
    for key in ("home", "delete", "end", "backspace", "left", "left", "backspace", "right"):
        assert field.press(key)
    field.insert_text("!")
    assert field.edit_text == "on\n!w"
    assert not field.press("up")
    assert not field.press("ctrl w")


def test_the_cursor_steps_over_whole_characters() -> None:
    """A letter with a combining accent is one step."""
    field = TextField(multiline=False, masked=False)
    field.replace("ae\u0301b")
    for _ in range(2):
        field.press("left")
    assert field.edit_pos == 1
    field.press("right")
    assert field.edit_pos == 3


def test_pages_move_through_long_texts() -> None:
    """Page up and page down move the cursor by lines and stop at the ends."""
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(f"line {number}" for number in range(30)))
    for _ in range(10):
        field.press("page up")
    assert field.edit_pos == 0
    field.press("page down")
    assert field.edit_text[field.edit_pos :].startswith("line 8\n")
    for _ in range(10):
        field.press("page down")
    assert field.edit_text[field.edit_pos :] == "line 29"


def test_a_viewport_follows_the_cursor() -> None:
    """The row with the cursor is always in view, and the view moves no further than needed."""
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(str(number) for number in range(100)))
    view = Viewport(field)

    def rows() -> list[str]:
        canvas = view.render((10, 5), focus=True)
        assert canvas.cursor is not None
        assert 0 <= canvas.cursor[1] < 5
        return [row.decode().strip() for row in canvas.text]

    assert rows() == ["95", "96", "97", "98", "99"]
    field.press("page up")
    assert rows() == ["91", "92", "93", "94", "95"]
    field.replace("short")
    assert rows() == ["short", "", "", "", ""]


def test_a_viewport_keeps_its_place_without_focus() -> None:
    """Moving on to a button does not scroll the text away."""
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(str(number) for number in range(100)))
    view = Viewport(field)
    view.render((10, 5), focus=True)
    assert view.render((10, 5), focus=False).text[0].decode().strip() == "95"


def test_a_viewport_is_a_box() -> None:
    """It takes the rows it is given."""
    assert Viewport(urwid.Text("")).sizing() == frozenset([urwid.BOX])

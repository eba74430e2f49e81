import pytest

from tui.text_field import TextField


def shown(field: TextField, *size: int, focus: bool = False) -> list[str]:
    """Return the rows of the field, without trailing blanks."""
    return [row.decode().rstrip() for row in field.render(size or (40,), focus).text]


def numbers(count: int) -> TextField:
    """Return a field with a number a line, its cursor behind the last."""
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(str(number) for number in range(count)))
    return field


def test_a_field_keeps_exactly_what_was_entered() -> None:
    """Characters that cannot be shown are in the text all the same, and seen to be there."""
    field = TextField(multiline=True, masked=False)
    field.insert_text("a\u202eb\tc\nd")
    assert field.edit_text == field.get_edit_text() == "a\u202eb\tc\nd"
    assert shown(field) == ["a\N{REPLACEMENT CHARACTER}b c", "d"]


def test_a_masked_field_shows_asterisks_and_keeps_its_lines() -> None:
    """Neither the rows nor a repr of a secret's field hold any of it, nor what was erased."""
    field = TextField(multiline=True, masked=True)
    field.insert_text("hunter2\nabc")
    assert shown(field) == ["*******", "***"]
    field.press("ctrl u")
    assert "hunter" not in repr(field)
    assert "hunter" not in repr(vars(field))


def test_a_text_is_hidden_as_soon_as_it_has_to_be() -> None:
    """What makes it so may come with any character, and go with any."""
    field = TextField(multiline=True, masked=False, hides=lambda text: "KEY" in text)
    field.insert_text("水水\nKE")
    assert shown(field) == ["水水", "KE"]
    field.insert_text("Y")
    assert shown(field, 3) == ["**", "***"]
    field.press("backspace")
    assert shown(field, 3) == ["水", "水", "KE"]


def test_a_placeholder_is_shown_while_the_field_is_empty() -> None:
    """It has its own look, wraps, and is no text; the cursor is before it."""
    field = TextField(multiline=True, masked=True)
    field.placeholder = ("hint", "(nothing yet)")
    canvas = field.render((10,), focus=True)
    assert [row.decode() for row in canvas.text] == ["(nothing y", "et)       "]
    assert next(iter(canvas.content()))[0][0] == "hint"
    assert canvas.cursor == (0, 0)
    assert field.rows((10,)) == 2
    field.insert_text("a")
    assert shown(field, 10) == ["*"]
    assert field.edit_text == "a"


@pytest.mark.parametrize(
    ("text", "cursor"), [("", (0, 0)), ("abc", (3, 0)), ("abcde", (4, 0)), ("ab\n", (0, 1))]
)
def test_the_cursor_is_where_the_next_character_will_be(text: str, cursor: tuple[int, int]) -> None:
    """At the end of a full row it stays upon the last character. Without focus there is none."""
    field = TextField(multiline=True, masked=False)
    field.replace(text)
    assert field.render((5,), focus=True).cursor == cursor
    assert field.render((5,), focus=False).cursor is None


def test_as_a_box_the_rows_around_the_cursor_are_in_view() -> None:
    """The view moves no further than needed, and not at all without focus."""
    field = numbers(100)
    assert shown(field, 10, 5) == ["0", "1", "2", "3", "4"]
    assert shown(field, 10, 5, focus=True) == ["95", "96", "97", "98", "99"]
    field.press("ctrl left")
    field.press("ctrl left")
    assert shown(field, 10, 5, focus=True) == ["95", "96", "97", "98", "99"]
    field.edit_pos = 0
    assert shown(field, 10, 5) == ["95", "96", "97", "98", "99"]
    assert shown(field, 10, 5, focus=True) == ["0", "1", "2", "3", "4"]


def test_no_more_is_in_view_below_the_text_than_need_be() -> None:
    """Neither after lines were deleted nor in a larger window."""
    field = numbers(10)
    shown(field, 10, 3, focus=True)
    assert shown(field, 10, 5, focus=True) == ["5", "6", "7", "8", "9"]
    field.replace("short")
    assert shown(field, 10, 5, focus=True) == ["short", "", "", "", ""]


def test_pages_are_as_long_as_the_view() -> None:
    """A row stays in view, the cursor keeps its row and column, and stops at the ends."""
    field = numbers(30)
    shown(field, 10, 5, focus=True)
    field.press("page up")
    assert shown(field, 10, 5, focus=True) == ["21", "22", "23", "24", "25"]
    assert field.edit_text[: field.edit_pos].endswith("\n25")
    for _ in range(10):
        field.press("page up")
    assert field.edit_pos == 1
    assert shown(field, 10, 5, focus=True) == ["0", "1", "2", "3", "4"]
    for _ in range(10):
        field.press("page down")
    assert shown(field, 10, 5, focus=True)[-1] == "29"


def test_pages_of_a_single_long_line_are_its_rows() -> None:
    """What is wrapped is paged through as it is seen; unseen, as on the smallest screen."""
    field = TextField(multiline=True, masked=False)
    field.replace("x" * 200)
    shown(field, 10, 5, focus=True)
    field.press("page up")
    assert field.edit_pos == 159
    unseen = numbers(30)
    unseen.press("page up")
    assert unseen.edit_text[unseen.edit_pos - 2 :].startswith("21")


def test_a_click_puts_the_cursor_there() -> None:
    """In what is in view; behind the end of a line, and below the last, at its end."""
    field = numbers(100)
    shown(field, 10, 5, focus=True)
    assert field.mouse_event((10, 5), "mouse press", 1, 1, 2, True)
    assert field.edit_text[field.edit_pos :] == "7\n98\n99"
    field.mouse_event((10, 5), "mouse press", 1, 7, 0, True)
    assert field.edit_text[field.edit_pos :].startswith("\n96")
    field.replace("a\nb")
    field.mouse_event((10,), "mouse press", 1, 0, 3, True)
    assert field.edit_pos == 3
    assert not field.mouse_event((10,), "mouse release", 1, 0, 0, True)
    assert not field.mouse_event((10,), "mouse press", 3, 0, 0, True)


def test_a_wheel_scrolls_the_view_with_the_cursor() -> None:
    """Both move by as many rows, as far as there are any."""
    field = numbers(100)
    shown(field, 10, 5, focus=True)
    field.scroll(-3)
    assert shown(field, 10, 5, focus=True) == ["92", "93", "94", "95", "96"]
    field.scroll(100)
    assert shown(field, 10, 5, focus=True)[-1] == "99"
    assert field.edit_pos == len(field.edit_text)


def test_what_a_key_costs_does_not_depend_on_the_text() -> None:
    """Only the rows in view are laid out anew when a long text is edited in its midst."""
    looked_at: list[str] = []

    class Watched(TextField):
        def _shown(self, piece: str) -> str:
            looked_at.append(piece)
            return super()._shown(piece)

    field = Watched(multiline=True, masked=False)
    field.replace("MIIByTCC\n" * 7000)
    field.edit_pos = 30_000
    field.render((40, 10), focus=True)
    looked_at.clear()
    field.insert_text("x")
    field.render((40, 10), focus=True)
    assert sum(map(len, looked_at)) < 5000
    field.set_edit_text("another", edit_pos=2)
    assert field.edit_pos == 2

import urwid

from tui.widgets import Clickable, TextField, Viewport, printable


def shown(widget: urwid.Widget, columns: int, rows: int) -> list[str]:
    """Return the rows of the widget, without trailing blanks."""
    size = (columns, rows)
    return [row.decode().rstrip() for row in widget.render(size, focus=True).text]


def numbered(count: int) -> urwid.Text:
    """Return so many lines."""
    return urwid.Text("\n".join(str(number) for number in range(count)))


def test_printable_drops_what_steers_or_deceives() -> None:
    """Cc, Cf, Co and Cs go, newlines and every visible character stay."""
    assert printable("a\x1b[31mb\u202ec\ud800\ue000\x85d\n水 e\u0301") == "a[31mbcd\n水 e\u0301"


def test_a_viewport_follows_the_cursor_of_what_is_in_it() -> None:
    """Of a field, or of anything with a cursor; without focus it keeps its place."""
    lines = [urwid.SelectableIcon(str(number), 0) for number in range(100)]
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(str(number) for number in range(100)))
    for view in (Viewport(urwid.Pile(lines, focus_item=99)), Viewport(field)):
        assert shown(view, 10, 5) == ["95", "96", "97", "98", "99"]
        canvas = view.render((10, 5), focus=True)
        assert canvas.cursor is not None
        assert canvas.cursor[1] == 4
        assert view.render((10, 5), focus=False).text[0].decode().strip() == "95"


def test_a_viewport_counts_no_more_rows_than_asked_for() -> None:
    """Of a field, or of anything else."""
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(str(number) for number in range(7)))
    for view in (Viewport(numbered(7)), Viewport(field)):
        assert [view.count_rows(10, most) for most in (1, 6, 7, 8, 100)] == [1, 6, 7, 7, 7]


def test_a_viewport_is_a_box() -> None:
    """It takes the rows it is given, also when there are fewer in it."""
    view = Viewport(urwid.Text("one"))
    assert view.sizing() == frozenset([urwid.BOX])
    assert shown(view, 10, 3) == ["one", "", ""]


def test_a_viewport_is_scrolled_as_far_as_there_is_something() -> None:
    """Up and down, and never beyond the ends."""
    view = Viewport(numbered(10))
    assert shown(view, 10, 3) == ["0", "1", "2"]
    view.scroll(4)
    assert shown(view, 10, 3) == ["4", "5", "6"]
    view.scroll(99)
    assert shown(view, 10, 3) == ["7", "8", "9"]
    view.scroll(-1)
    assert shown(view, 10, 3) == ["6", "7", "8"]
    view.scroll(-99)
    assert shown(view, 10, 3) == ["0", "1", "2"]


def test_scrolling_a_field_moves_its_cursor() -> None:
    """It could not be seen otherwise."""
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(str(number) for number in range(10)))
    view = Viewport(field)
    shown(view, 10, 3)
    view.scroll(-2)
    assert shown(view, 10, 3) == ["5", "6", "7"]


def test_a_click_reaches_what_is_in_view() -> None:
    """A viewport knows which row of its widget was clicked, whatever that is."""
    clicked: list[int] = []
    rows = [
        Clickable(urwid.Text(str(number)), lambda number=number: clicked.append(number))  # type: ignore[misc]
        for number in range(10)
    ]
    view = Viewport(urwid.Pile(rows))
    view.scroll(4)
    shown(view, 10, 3)
    assert view.mouse_event((10, 3), "mouse press", 1, 0, 1, True)
    assert clicked == [5]
    field = TextField(multiline=True, masked=False)
    field.replace("\n".join(str(number) for number in range(10)))
    view = Viewport(field)
    shown(view, 10, 3)
    view.mouse_event((10, 3), "mouse press", 1, 0, 0, True)
    assert field.edit_text[field.edit_pos :] == "7\n8\n9"
    assert not Viewport(urwid.Text("one")).mouse_event((10, 3), "mouse press", 1, 0, 0, True)


def test_a_clickable_widget_looks_as_it_is() -> None:
    """Flow or box, with its cursor and its looks."""
    icon = urwid.SelectableIcon("<Save>", 2)
    wrapped = Clickable(urwid.AttrMap(icon, "button"), lambda: None)
    canvas = wrapped.render((8,), focus=True)
    assert canvas.cursor == (2, 0)
    assert next(iter(canvas.content()))[0][:2] == ("button", None)
    assert wrapped.selectable()
    assert wrapped.rows((8,)) == 1
    assert shown(Clickable(urwid.SolidFill("x"), lambda: None), 3, 2) == ["xxx", "xxx"]


def test_a_clickable_widget_calls_back_for_a_left_press_only() -> None:
    """Through whatever urwid has around it."""
    clicked: list[str] = []
    save, clear = (
        Clickable(urwid.Text(name), lambda name=name: clicked.append(name))  # type: ignore[misc]
        for name in ("save", "clear")
    )
    screen = urwid.Filler(
        urwid.Pile(
            [urwid.Text("title"), urwid.Columns([(8, clear), (8, urwid.AttrMap(save, "x"))])]
        )
    )
    for column, row in ((9, 12), (0, 12), (9, 11), (30, 12), (9, 23), (200, 100)):
        screen.mouse_event((80, 24), "mouse press", 1, column, row, True)
    assert clicked == ["save", "clear"]
    screen.mouse_event((80, 24), "mouse press", 3, 9, 12, True)
    screen.mouse_event((80, 24), "mouse release", 1, 9, 12, True)
    screen.mouse_event((80, 24), "mouse drag", 1, 9, 12, True)
    assert clicked == ["save", "clear"]


def test_a_click_on_a_field_in_something_clickable_is_for_both() -> None:
    """The field has its cursor where it was clicked when the callback comes."""
    field = TextField(multiline=False, masked=False)
    field.replace("abc")
    positions: list[int] = []
    pane = Clickable(urwid.Filler(field, "top"), lambda: positions.append(field.edit_pos))
    assert pane.mouse_event((10, 3), "mouse press", 1, 1, 0, True)
    assert positions == [1]

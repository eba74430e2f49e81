import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.wrapping import Wrapping

CHARACTERS = st.sampled_from("ab \n\n水é\u0301\t\u200b")
TEXTS = st.text(CHARACTERS, max_size=60)


def show(piece: str) -> str:
    """Show a TAB as a blank."""
    return piece.replace("\t", " ")


def wrapped(text: str, columns: int) -> Wrapping:
    """Lay out a text."""
    wrapping = Wrapping(columns, show)
    wrapping.take(text, 0)
    return wrapping


def rows(wrapping: Wrapping) -> list[str]:
    """Return all rows."""
    return [wrapping.row(number) for number in range(wrapping.count())]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", [""]),
        ("abc", ["abc"]),
        ("abcd", ["abcd"]),
        ("abcde", ["abcd", "e"]),
        ("abcd\ne", ["abcd", "e"]),
        ("a\n\nb\n", ["a", "", "b", ""]),
        ("水水水", ["水水", "水"]),
        ("a水水b", ["a水", "水b"]),
        ("e\u0301" * 5, ["e\u0301" * 4, "e\u0301"]),
        ("\u0301" * 50 + "ab", ["\u0301" * 50 + "ab"]),
    ],
)
def test_rows_are_filled_and_newlines_end_them(text: str, shown: list[str]) -> None:
    """Four columns wide; wide characters take two, combining ones none."""
    assert rows(wrapped(text, 4)) == shown


def test_a_character_wider_than_the_row_still_has_a_row() -> None:
    """There is always a next row to go to."""
    assert rows(wrapped("水a", 1)) == ["水", "a"]


def test_places_are_found_and_characters_at_places() -> None:
    """Both ways, at the ends of rows, lines and the text."""
    wrapping = wrapped("abcdef\n水x", 4)
    places = [wrapping.place(offset) for offset in range(10)]
    assert places == [*((x, 0) for x in range(4)), (0, 1), (1, 1), (2, 1), (0, 2), (2, 2), (3, 2)]
    assert [wrapping.offset(*place) for place in places] == list(range(10))
    assert wrapping.offset(9, 1) == 6
    assert wrapping.offset(1, 2) == 7  # the left half of a wide character is all of it


def test_the_cursor_behind_a_full_last_row_stays_in_it() -> None:
    """No row is shown for what is not there."""
    assert wrapped("abcd", 4).place(4) == (3, 0)


def test_no_more_is_laid_out_than_asked_for() -> None:
    """A long text costs no more than its beginning."""
    wrapping = wrapped("x" * 1_000_000, 10)
    assert wrapping.count(5) == 5
    assert wrapping.place(42) == (2, 4)
    assert len(wrapping._starts) < 10


@settings(deadline=None)  # no matter how slow the machine
@given(st.integers(1, 9), TEXTS, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9), TEXTS)))
def test_a_changed_text_is_wrapped_as_if_it_were_new(
    columns: int, text: str, changes: list[tuple[int, int, str]]
) -> None:
    """What is kept of the rows before a change is right, and every character is in one row."""
    wrapping = wrapped(text, columns)
    for anywhere, size, put_in in changes:
        at = min(anywhere, len(text))
        wrapping.place(len(text) // 2)
        text = text[:at] + put_in + text[at + size :]
        wrapping.take(text, at)
        assert rows(wrapping) == rows(wrapped(text, columns))
    assert "".join(rows(wrapping)) == show(text).replace("\n", "")
    for offset in range(len(text) + 1):
        column, row = wrapping.place(offset)
        assert 0 <= column < columns
        assert 0 <= row < wrapping.count()

import pytest

from appliance.hidden_characters import REPLACEMENT
from appliance.plain_text import aligned, columns, cut, folded, moment, printable


@pytest.mark.parametrize(
    "hidden", ["\x1b", "\x00", "\x7f", "\x9b", "\n", "\u202e", "\u200b", "\ue000", "\ud800"]
)
def test_hidden_characters_are_replaced(hidden: str) -> None:
    """Controls, bidirectional overrides, private use and surrogates show up as such."""
    assert printable(f"a{hidden}b") == f"a{REPLACEMENT}b"


def test_what_can_be_read_stays() -> None:
    """Letters of any script, symbols and what is to be kept are untouched."""
    assert printable("Zähler 水 €“”…") == "Zähler 水 €“”…"
    assert printable("a\n\tb\r", keep="\n\t") == f"a\n\tb{REPLACEMENT}"


def test_wide_characters_take_two_columns() -> None:
    """As on a terminal."""
    assert columns("Zähler 水") == 9


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("12345", "12345"), ("123456", "1234…"), ("水水", "水水"), ("水水水", "水水…")],
)
def test_what_is_too_wide_is_cut(text: str, shown: str) -> None:
    """To five columns, the ellipsis included."""
    assert cut(text, 5) == shown


def test_a_value_of_any_length_is_cut_at_once() -> None:
    """Its length is no matter; it would be, counted anew for each character."""
    assert cut("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_long_lines_are_folded_where_it_hurts_least() -> None:
    """Behind a blank or a comma, otherwise anywhere; nothing is lost."""
    assert folded("one two three", 8) == ["one two", "three"]
    assert folded("CN=unit,O=tests", 10) == ["CN=unit,", "O=tests"]
    assert folded("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert folded("", 10) == [""]


def test_columns_are_aligned() -> None:
    """By what is seen, with no blanks at the ends."""
    assert aligned([("水", "a", ""), ("bcd", "", "e")], 3) == "水   a\nbcd       e\n"


def test_a_moment_is_in_utc() -> None:
    """To the second, and it says so."""
    assert moment(1_795_000_000.9) == "2026-11-18 11:06:40 UTC"

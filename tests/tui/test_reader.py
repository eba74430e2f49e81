from collections.abc import Iterable

import pytest

from tui.reader import Line, Reader

SIZE = (40, 6)  # five rows of text, and the one that says which


def rows(reader: Reader, size: tuple[int, int] = SIZE) -> list[str]:
    """The rows as drawn, without trailing blanks."""
    canvas = reader.compose(size).render(size)
    assert (canvas.cols(), canvas.rows()) == size
    return [row.decode().rstrip() for row in canvas.text]


def numbered(numbers: Iterable[int]) -> list[Line]:
    """Short lines that can be told from each other."""
    return [Line(f"line {number}") for number in numbers]


def press(reader: Reader, *keys: str) -> None:
    """Keys that are all for scrolling."""
    for key in keys:
        assert reader.press(key)


def test_an_empty_text_is_an_empty_page() -> None:
    """With nothing to scroll."""
    reader = Reader()
    for key in ("up", "down", "page up", "page down", "home", "end"):
        press(reader, key)
        assert rows(reader) == ["", "", "", "", "", " lines 1-1 of 1"]
    reader.show([])
    assert rows(reader)[0] == ""


def test_every_scrolling_key_does_what_it_says() -> None:
    """And stops at both ends; a page leaves one line of the last in view."""
    reader = Reader()
    reader.show(numbered(range(1, 21)))

    def after(key: str) -> str:
        press(reader, key)
        return rows(reader)[-1]

    assert rows(reader)[-1] == " lines 1-5 of 20, more below"
    assert after("up") == " lines 1-5 of 20, more below"
    assert after("down") == " lines 2-6 of 20, more below"
    assert after("page down") == " lines 6-10 of 20, more below"
    assert after("page up") == " lines 2-6 of 20, more below"
    assert after("end") == " lines 16-20 of 20"
    assert after("down") == " lines 16-20 of 20"
    assert after("page down") == " lines 16-20 of 20"
    assert after("home") == " lines 1-5 of 20, more below"
    assert not reader.press("x")


def test_long_lines_are_wrapped_behind_their_lead() -> None:
    """At words, in columns: a wide character takes two."""
    reader = Reader()
    reader.show([Line("one two three four five six seven", lead="08:00 "), Line("水" * 20)])
    assert rows(reader, (22, 6)) == [
        " 08:00 one two three",
        "       four five six",
        "       seven",
        " 水水水水水水水水水水",
        " 水水水水水水水水水水",
        " lines 1-2 of 2",
    ]


def test_a_line_longer_than_the_page_can_be_read_to_its_end() -> None:
    """Row by row."""
    reader = Reader()
    reader.show([Line(" ".join(f"word{number}" for number in range(60)))])
    seen = {word for row in rows(reader)[:-1] for word in row.split()}
    while rows(reader)[-1].endswith("more below"):
        press(reader, "down")
        seen.update(word for row in rows(reader)[:-1] for word in row.split())
    assert seen == {f"word{number}" for number in range(60)}


def test_what_steers_a_terminal_is_not_shown() -> None:
    """Neither controls nor what reorders the text."""
    reader = Reader()
    reader.show([Line("a\x1b[31m\u202eb\x85c")])
    assert rows(reader)[0] == " a[31mbc"


def test_each_line_has_its_look() -> None:
    """By the name in the palette, on every row it takes."""
    reader = Reader()
    reader.show([Line("one two three four", "refused"), Line("x", "hint")])
    canvas = reader.compose((12, 6)).render((12, 6))
    looks = [{name for name, _, text in row if text.strip()} for row in canvas.content()]
    assert looks == [{"refused"}, {"refused"}, {"hint"}, set(), set(), {"hint"}]


def test_it_follows_the_end_until_moved_away_from_it() -> None:
    """And says which; back at the end it follows again."""
    reader = Reader(follows=True)
    reader.show(numbered(range(1, 11)))
    assert rows(reader)[-1] == " lines 6-10 of 10, live"
    reader.show(numbered(range(1, 12)))
    assert rows(reader)[4:] == [" line 11", " lines 7-11 of 11, live"]
    press(reader, "up")
    reader.show(numbered(range(1, 20)))
    paused = " lines 6-10 of 19, not live: End goes to the newest"
    assert rows(reader, (60, 6))[4:] == [" line 10", paused]
    press(reader, "end")
    reader.show(numbered(range(1, 21)))
    assert rows(reader)[4:] == [" line 20", " lines 16-20 of 20, live"]


def test_what_is_read_stays_in_place_while_the_oldest_lines_go() -> None:
    """A thousand entries, each new one costs the first; who reads is not moved along."""
    reader = Reader(follows=True)
    reader.show(numbered(range(1, 21)))
    rows(reader)
    press(reader, "page up")
    before = rows(reader)[:-1]
    reader.show(numbered(range(8, 28)))
    assert rows(reader)[:-1] == before
    reader.show(numbered(range(30, 50)))
    assert rows(reader)[0] == " line 30"


@pytest.mark.parametrize("size", [(40, 6), (200, 60), (80, 22), (12, 2)])
def test_another_size_is_no_fault(size: tuple[int, int]) -> None:
    """The line at the top stays there where it can."""
    reader = Reader()
    reader.show([Line(f"{number} " * 30) for number in range(100)])
    rows(reader)
    press(reader, *["page down"] * 10)
    top = rows(reader)[0].split()[0]
    assert rows(reader, size)[0].split()[0] == top
    assert rows(reader)[0].split()[0] == top


def test_a_long_text_costs_no_more_than_its_page() -> None:
    """Only what is in view is wrapped: a key on a small unit is answered at once."""
    reader = Reader(follows=True)
    reader.show([Line(f"{number} " * 30) for number in range(10_000)])
    rows(reader)
    press(reader, "page up", "home", "end", "up")
    rows(reader)
    assert len(reader._wrapped) < 50

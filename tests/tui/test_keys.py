import math

import pytest

from tests.tui.typed_line import as_text, cut, decode
from tests.tui.wire_terminal import KEYS
from tui.keys import PASTE_LIMIT, Key, KeyDecoder, Mouse, Paste

PEM = (
    "-----BEGIN CERTIFICATE-----\n" + ("MIIByTCC" * 8 + "\n") * 150 + "-----END CERTIFICATE-----\n"
)


@pytest.mark.parametrize(("name", "sequence"), KEYS.items())
def test_every_key_is_recognised_however_its_bytes_are_split(name: str, sequence: bytes) -> None:
    """A key's escape sequence may come in two reads."""
    for place in range(len(sequence)):
        chunks = [chunk for chunk in (sequence[:place], sequence[place:]) if chunk]
        assert decode(*chunks, gap=0.01) == [Key(name)]


def test_a_lone_escape_is_a_key_only_after_some_silence() -> None:
    """ESC begins most keys: only silence tells that it was the Esc key."""
    decoder = KeyDecoder()
    assert decoder.feed(b"\x1b", 0) == []
    assert decoder.wait is not None
    assert decoder.timeout(decoder.wait) == [Key("esc")]


def test_typed_characters_are_keys_at_once() -> None:
    """What is typed at a person's pace needs no silence to be shown."""
    decoder = KeyDecoder()
    assert decoder.feed(b"a", 0) == [Key("a")]
    assert decoder.feed("å".encode(), 0.1) == [Key("å")]
    assert decoder.feed(b"\t", 0.2) == [Key("tab")]
    assert decoder.feed(b"\r", 0.3) == [Key("enter")]
    assert decoder.wait is None


def test_a_character_split_between_reads_is_one_character() -> None:
    """The bytes of a character in UTF-8 may come in two reads."""
    first, second = "ø".encode()[:1], "ø".encode()[1:]
    assert decode(first, second, gap=0.02) == [Key("ø")]


def test_invalid_bytes_become_replacement_characters() -> None:
    """Bytes that are not UTF-8 do no harm and are seen."""
    assert decode(b"\xff", b"a") == [Key("\N{REPLACEMENT CHARACTER}"), Key("a")]
    assert decode(b"\x1b[200~a\xe5b\x1b[201~") == [Paste("a\N{REPLACEMENT CHARACTER}b")]


def test_tabs_and_enters_pressed_in_a_row_are_keys() -> None:
    """TAB TAB Enter without a character between them is somebody on the way to a button."""
    assert decode(b"\t\t\r") == [Key("tab"), Key("tab"), Key("enter")]
    assert decode(b"\r\n") == [Key("enter")]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1000, 100_000])
@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
def test_a_paste_is_whole_with_and_without_brackets(size: int, newline: str) -> None:
    """Whatever a paste is cut into, it comes once and whole, newlines as line feeds."""
    pasted = PEM.replace("\n", newline).encode()
    bracketed = decode(*cut(b"\x1b[200~" + pasted + b"\x1b[201~", size), gap=0.001)
    assert bracketed == [Paste(PEM)]
    bare = decode(*cut(pasted, size), gap=0.001)
    # The very first character of a paste in reads of one byte cannot be told from a typed one.
    assert bare == ([Key("-"), Paste(PEM[1:])] if size == 1 else [Paste(PEM)])


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_a_tab_in_a_paste_is_text(size: int) -> None:
    """Neither TAB nor newline acts as a key within a paste."""
    presses = decode(*cut(b"x\t\t\t\r\rreal\ttext\r", size), gap=0.004)
    assert as_text(presses) == "x\t\t\t\n\nreal\ttext\n"


def test_a_tab_after_a_paste_is_a_key() -> None:
    """Once the pasted text was handed on, and could be seen, TAB acts again."""
    decoder = KeyDecoder()
    assert decoder.feed(b"some text", 0) == []
    assert decoder.wait is not None
    quiet = decoder.wait
    assert decoder.timeout(quiet) == [Paste("some text")]
    assert decoder.feed(b"\t", quiet + 0.001) == [Key("tab")]


def test_keys_typed_ahead_behind_one_line_are_keys() -> None:
    """A line, TAB, TAB, Enter in one go: what a script sends, or a slow network delivers."""
    assert decode(b"value\t\t\r") == [Paste("value"), *map(Key, ("tab", "tab", "enter"))]
    assert decode(b"value\t") == [Paste("value"), Key("tab")]


@pytest.mark.parametrize("text", ["one\ttwo\t\n\tthree", "one\n\t\n", "value\n", "value\t\n"])
def test_tabs_elsewhere_in_a_burst_are_text(text: str) -> None:
    """Only behind a single line may they be keys: nothing pasted moves the focus."""
    assert decode(text.encode()) == [Paste(text)]


def test_a_tab_right_behind_a_bracketed_paste_is_a_key() -> None:
    """The end mark leaves no doubt where a paste ends."""
    assert decode(b"\x1b[200~value\x1b[201~\t\r") == [Paste("value"), Key("tab"), Key("enter")]


def test_a_key_ends_a_burst() -> None:
    """Text and keys in one read keep their order."""
    assert decode(b"abc\x1b[Ddef\x7f") == [
        Paste("abc"),
        Key("left"),
        Paste("def"),
        Key("backspace"),
    ]


def test_escape_sequences_within_brackets_are_text() -> None:
    """Nothing between the marks is a key, so nothing hidden in a paste can act."""
    assert decode(b"\x1b[200~a\x1b[Bb\x03\x1b[201~") == [Paste("a\x1b[Bb\x03")]


@pytest.mark.parametrize("mark", [b"", b"\x1b[200~"])
def test_an_endless_paste_takes_bounded_memory(mark: bytes) -> None:
    """What is beyond the limit is dropped, but for one character that shows it was too long."""
    decoder = KeyDecoder()
    decoder.feed(mark, 0)
    for number in range(1000):
        assert decoder.feed(b"x" * 1000, number / 1000) == []
    assert decoder.wait is not None
    assert decoder.timeout(math.inf) == [Paste("x" * (PASTE_LIMIT + 1))]


def test_a_paste_may_be_a_secret() -> None:
    """Pasted text is not in the repr, so not in a log either."""
    assert "hunter2" not in repr(Paste("hunter2"))


def test_unknown_sequences_never_become_text() -> None:
    """A terminal's report or an unknown function key types nothing and presses nothing."""
    assert decode(b"\x1b[?64;1;2c", b"\x1b[99;99~", b"\x00", b"\x1b]11;rgb:0/0/0\x07") == []
    assert decode(b"\x1b[I", b"a", b"\x1b[O") == [Key("a")]


def test_mouse_events_come_in_their_order_with_the_keys() -> None:
    """A click ends a burst and is no text, however its report is split."""
    data = b"ab\x1b[<0;3;2Mcd\x1b[<0;3;2m"
    press, release = Mouse("press", 1, 2, 1), Mouse("release", 1, 2, 1)
    for size in range(2, len(data) + 1):
        events = decode(*cut(data, size), gap=0.001)
        assert [event for event in events if isinstance(event, Mouse)] == [press, release]
        assert as_text(events) == "abcd"
        assert events.index(press) == len(as_text(events[: events.index(press)])) // 2


@pytest.mark.parametrize("report", [b"\x1b[<0;3;2M", b'\x1b[M #"'])
def test_a_mouse_report_within_a_paste_is_text(report: bytes) -> None:
    """Nothing between the marks of a paste acts."""
    assert decode(b"\x1b[200~" + report + b"\x1b[201~") == [Paste(report.decode())]


def test_a_report_from_afar_is_no_character_of_the_text_before_it() -> None:
    """The bytes of an X10 report may be half of a character in UTF-8."""
    assert decode(b"\xc3\x1b[M \xa9\xa9\xbf") == [
        Key("\N{REPLACEMENT CHARACTER}"),
        Mouse("press", 1, 136, 136),
        Key("\N{REPLACEMENT CHARACTER}"),
    ]


def test_esc_right_before_a_paste_or_a_click_is_a_key_of_its_own() -> None:
    """Read in one go with ESC before them they are not swallowed by it."""
    assert decode(b"\x1b\x1b[200~x\ty\x1b[201~") == [Key("esc"), Paste("x\ty")]
    assert decode(b"\x1b\x1b[<0;1;1M") == [Key("esc"), Mouse("press", 1, 0, 0)]
    assert decode(b"\x1b\x1b") == [Key("esc"), Key("esc")]


def test_typing_fast_behind_esc_loses_no_more_than_a_letter() -> None:
    """ESC P and ESC ] begin strings, but only those that a terminal answers with are waited for."""
    assert decode(b"\x1bPump") == [Key("meta P"), Paste("ump")]
    assert decode(b"\x1b]pump") == [Key("meta ]"), Paste("pump")]

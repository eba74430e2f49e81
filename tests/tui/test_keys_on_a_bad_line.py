"""What a slow, stalling or hostile line does to keys and pastes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.typed_line import as_text, cut, decode, listen
from tui.keys import PASTE_LIMIT, Key, KeyDecoder, Mouse, Paste
from tui.sequences import LONGEST

BEGIN, END = b"\x1b[200~", b"\x1b[201~"
PEM = "-----BEGIN CERTIFICATE-----\n" + "MIIByTCC" * 8 + "\n\n-----END CERTIFICATE-----\n"
WICKED = "a\tb\t\n\t\t\n\x1b[B\x1b[<0;1;1M\x03\n\t\n"  # all that moves, clicks, leaves and presses

# Bytes as terminals, pastes, torn lines and attackers make them.
PIECES = [
    b"\x1b",
    b"[",
    b"O",
    b"]0;",
    b"P1",
    b"[M",
    b"[<",
    b"0;1;1M",
    BEGIN,
    END,
    b"\x1b[20",
    b"\t",
]
PIECES += [b"\r", b"\n", b"\x03", b"\x7f", b"\x9b", b"\xc3", b"\xa9", b"abc", b"\x07", b"1"]
BYTES = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=40).map(b"".join)
GAPS = st.sampled_from([0.0, 0.001, 0.06, 0.3, 1.5, 7.0])


@pytest.mark.parametrize("text", [PEM, WICKED])
@pytest.mark.parametrize(("size", "gap"), [(1, 0.3), (2, 0.3), (5, 0.9), (7, 0.1), (500, 4.9)])
def test_a_bracketed_paste_is_whole_over_a_slow_link(text: str, size: int, gap: float) -> None:
    """A byte every 300 ms, or packets with long gaps: one paste, and nothing that acts."""
    data = BEGIN + text.replace("\n", "\r").encode() + END
    presses = decode(*cut(data, size), gap=gap)
    # An ESC that nothing follows for 200 ms was the Esc key, as far as anyone can tell.
    assert [press for press in presses if press != Key("esc")] == [Paste(text)]
    assert len(presses) <= 2


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize(("size", "gap"), [(1, 0.3), (1, 0.06), (64, 0.06), (500, 0.5), (66, 0.45)])
def test_a_bare_pem_never_leaves_its_field(size: int, gap: float, newline: str) -> None:
    """Without TABs nothing of a paste is a key but Enter, which is a newline in its field."""
    presses = decode(*cut(PEM.replace("\n", newline).encode(), size), gap=gap)
    keys = {press.name for press in presses if isinstance(press, Key)}
    assert {name for name in keys if len(name) > 1} <= {"enter"}
    assert as_text(presses) == PEM


@pytest.mark.parametrize(
    ("size", "gap"), [(1, 0.004), (2, 0.004), (2, 0.04), (3, 0.04), (7, 0.04), (100, 0.04)]
)
def test_a_bare_paste_without_long_gaps_presses_nothing(size: int, gap: float) -> None:
    """TABs and newlines in it are text, however it is cut."""
    text = '{\n\t"a": 1,\t\n\t\t\n\t"b": 2\n}\t\t\n'
    presses = decode(*cut(text.encode(), size), gap=gap)
    assert as_text(presses) == text
    assert not {Key("tab"), Key("enter")} & {each for each in presses if isinstance(each, Key)}


def test_a_paste_that_comes_line_by_line_presses_nothing() -> None:
    """Some terminals send a line and wait: a line that ends in TABs is no typing ahead."""
    lines = ["{\n", '\t"a": 1,\t\t\n', "}\t\t\n"]
    assert decode(*(line.encode() for line in lines), gap=0.45) == [Paste(line) for line in lines]


def test_a_stalled_paste_comes_in_pieces_and_all_of_it_as_text() -> None:
    """A link silent for longer than a paste is waited for does not turn its rest into keys."""
    reads = [(BEGIN + b"one\r", 60.0), (b"\n\t\t\r", 60.0), (b"three\x1b[2", 60.0), (b"01~", 1.0)]
    decoder = KeyDecoder()
    assert listen(decoder, reads) == [Paste("one\n"), Paste("\t\t\n"), Paste("three")]
    assert decoder.feed(b"\t", 1000) == [Key("tab")]


@pytest.mark.parametrize("key", [b"\x1b[A", b"\t", b"x", "ø".encode(), b"\x1b[<0;1;1M"])
def test_a_lost_end_mark_does_not_swallow_what_follows(key: bytes) -> None:
    """A press all by itself, after the silence that ends a paste, is no part of it."""
    reads = [(BEGIN + b"half a pa\x1b[20", 10.0), (key, 1.0)]
    assert listen(KeyDecoder(), reads) == [Paste("half a pa"), *decode(key)]


def test_esc_and_a_bracket_typed_slowly_are_what_they_are() -> None:
    """Waiting for the rest of a torn mark loses no text."""
    assert decode(b"\x1b", b"[", b"2", gap=0.3) == [Key("esc"), Paste("[2")]
    assert decode(b"\x1b", b"[", b"\r", gap=0.3) == [Key("esc"), Key("["), Key("enter")]
    assert decode(b"\x1b", b"[1, 2]", gap=0.3) == [Key("esc"), Paste("[1, 2]")]


def test_a_sequence_without_end_is_given_up_and_costs_no_memory() -> None:
    """A terminal's answer may be long; what pretends to be one is dropped as it comes."""
    decoder = KeyDecoder()
    for number in range(100):
        assert decoder.feed(b"\x1b]0;" + b"x" * 5000 if not number else b"x" * 5000, number) == []
        assert len(decoder._input) <= LONGEST + 1
    assert decoder.feed(b"\x1b", 200) == []
    assert decoder.feed(b"\\a", 200) == [Key("a")]


@settings(deadline=None, max_examples=300)  # no matter how slow the machine
@given(st.lists(st.tuples(BYTES, GAPS), max_size=8))
def test_any_bytes_in_any_cuts_are_borne(reads: list[tuple[bytes, float]]) -> None:
    """Nothing raises, nothing is held without bound, and no control character is ever typed."""
    decoder = KeyDecoder()
    for event in listen(decoder, reads):
        if isinstance(event, Mouse):
            assert event.column >= 0
            assert event.row >= 0
        elif isinstance(event, Key):
            assert len(event.name) > 1 or event.name >= " "
        assert len(decoder._input) <= LONGEST + 1
        assert len(decoder._paste) <= PASTE_LIMIT + 1


@settings(deadline=None, max_examples=300)  # no matter how slow the machine
@given(
    st.lists(st.tuples(BYTES, GAPS), max_size=2),
    st.text(max_size=200).filter(lambda text: "\x1b[201~" not in text + "\x1b[201"),
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.0, 0.06, 0.3, 0.9])), max_size=12),
)
def test_a_bracketed_paste_is_never_lost(
    before: list[tuple[bytes, float]], text: str, cuts: list[tuple[int, float]]
) -> None:
    """Whatever came before it, and however it is cut, it comes as it was, and only once."""
    data = BEGIN + text.encode() + END
    reads = []
    for size, gap in cuts:
        reads.append((data[:size], gap))
        data = data[size:]
    earlier = KeyDecoder()
    listen(earlier, [*before, (END, 10.0)])  # a paste begun there has ended
    presses = listen(earlier, [*reads, (data, 0.0)])
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    assert [press for press in presses if press != Key("esc")] == [Paste(wanted)] * bool(text)

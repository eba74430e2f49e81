import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.sequences import Mouse, measure, read

ESC = b"\x1b"
ALL_NAMES_OF = {
    "home": (b"[H", b"[1~", b"[7~", b"OH"),
    "end": (b"[F", b"[4~", b"[8~", b"OF"),
    "delete": (b"[3~",),
    "insert": (b"[2~",),
    "page up": (b"[5~",),
    "page down": (b"[6~",),
    "shift tab": (b"[Z",),
    "enter": (b"OM",),
    "up": (b"[A", b"OA"),
    "left": (b"[D", b"OD"),
    "ctrl right": (b"[1;5C", b"[5C", b"Oc"),
    "ctrl left": (b"[1;5D", b"[5D", b"Od"),
    "meta right": (b"[1;3C", b"\x1b[C", b"\x1bOC"),
    "meta left": (b"[1;3D", b"\x1b[D", b"\x1bOD"),
    "meta b": (b"b",),
    "meta f": (b"f",),
    "meta backspace": (b"\x7f", b"\x08"),
    "meta ö": ("ö".encode(),),
    "f1": (b"OP", b"[11~", b"[[A"),
    "f2": (b"OQ", b"[12~", b"[[B"),
    "f3": (b"OR", b"[13~", b"[[C"),
    "f4": (b"OS", b"[14~", b"[[D"),
    "f5": (b"[15~", b"[[E", b"OT"),
    "f6": (b"[17~", b"OU"),
    "f9": (b"[20~", b"OX"),
    "f10": (b"[21~", b"OY"),
    "f12": (b"[24~", b"O["),
    "shift delete": (b"[3$", b"[3;2~"),
}
REPORTS = (
    b"[?64;1;2c",  # device attributes
    b"[>0;276;0c",
    b"[24;80R",  # where the cursor is
    b"[0n",
    b"[?2004;2$y",  # a mode
    b"[I",  # focus
    b"[O",
    b"]11;rgb:1c1c/1c1c/1c1c\x07",  # a colour
    b"]11;rgb:1c1c/1c1c/1c1c\x1b\\",
    b"]lTitle\x1b\\",
    b"P>|tmux 3.4\x1b\\",
    b"P1$r0m\x1b\\",
    b"_Gi=31;OK\x1b\\",
    b"[<;;M",  # absurd mouse reports
    b"[<0;0;1M",
    b"[<0;1;1;1M",
    b"[<0;999999999999;1M",
    b"[<-1;1;1M",
    b"[<128;1;1M",
    b"[M\x00\x00\x00",
    b"[M !\x00",
    b"[" + b"9" * 3000 + b"~",
)


@pytest.mark.parametrize(
    ("name", "sequence"), [(name, each) for name, all_ in ALL_NAMES_OF.items() for each in all_]
)
def test_every_variant_of_a_key_has_one_name(name: str, sequence: bytes) -> None:
    """xterm, PuTTY, rxvt, tmux and the Linux console disagree on the bytes, not on the key."""
    assert measure(ESC + sequence) == len(ESC + sequence)
    assert read(ESC + sequence) == [name]


@pytest.mark.parametrize(
    ("name", "code"),
    [("backspace", b"\x7f"), ("backspace", b"\x08"), ("ctrl _", b"\x1f"), ("ctrl z", b"\x1a")],
)
def test_control_characters_are_keys(name: str, code: bytes) -> None:
    """They are read by the same names."""
    assert read(code) == [name]


@pytest.mark.parametrize("report", REPORTS)
def test_reports_are_ignored_whole(report: bytes) -> None:
    """What a terminal tells is no key, and none of its bytes is left over."""
    for end in range(1, len(report)):
        partial = measure(ESC + report[:end])
        assert partial is None or report[: end + 1].startswith((b"[<", b"[M"))
    assert measure(ESC + report + b"a") == len(ESC + report)
    assert read(ESC + report) == []


@pytest.mark.parametrize(
    ("report", "event"),
    [
        (b"[<0;1;1M", Mouse("press", 1, 0, 0)),
        (b"[<1;300;200M", Mouse("press", 2, 299, 199)),
        (b"[<2;5;6m", Mouse("release", 3, 4, 5)),
        (b"[<18;5;6M", Mouse("press", 3, 4, 5)),  # with Ctrl
        (b"[<32;5;6M", Mouse("drag", 1, 4, 5)),
        (b"[<64;5;6M", Mouse("wheel up", 2, 4, 5)),
        (b"[<65;5;6M", Mouse("wheel down", 2, 4, 5)),
        (b'[M !"', Mouse("press", 1, 0, 1)),
        (b"[M#!!", Mouse("release", 1, 0, 0)),
        (b"[M`!!", Mouse("wheel up", 2, 0, 0)),
        (b"[Ma!!", Mouse("wheel down", 2, 0, 0)),
        (b"[M \xff\x80", Mouse("press", 1, 222, 95)),
    ],
)
def test_mouse_reports_are_read(report: bytes, event: Mouse) -> None:
    """In SGR's form and in the X10 one (xterm, "Mouse Tracking"); cells count from 0."""
    assert measure(ESC + report) == len(ESC + report)
    assert read(ESC + report) == [event]


@pytest.mark.parametrize(
    "report", [b"[<35;5;6M", b"[<66;5;6M", b"[<67;5;6M", b"[<64;5;6m", b"[MC!!"]
)
def test_what_nobody_pressed_is_no_event(report: bytes) -> None:
    """Motion without a button, wheels that turn sideways or are let go."""
    assert read(ESC + report) == []


@pytest.mark.parametrize("torn", [b"[<0;1", b"[M !", b"[M", b"[1;5", b"O", b"P1$r", b"]11;rgb"])
def test_a_torn_sequence_ends_where_another_begins(torn: bytes) -> None:
    """The rest of a report that never came does not take the next key with it."""
    assert measure(ESC + torn) is None
    assert measure(ESC + torn + b"\x1b[A") == len(ESC + torn)
    assert read(ESC + torn) == []


@settings(deadline=None)  # no matter how slow the machine
@given(st.binary(max_size=40))
def test_any_bytes_behind_esc_are_something_or_nothing(data: bytes) -> None:
    """Whatever comes has a length, and nothing but a key, a mark or a mouse event in it."""
    size = measure(ESC + data)
    assert size is None or 0 < size <= len(ESC + data)
    for event in read((ESC + data)[:size]):
        assert isinstance(event, Mouse) or len(event) == 1 or event.replace(" ", "").isprintable()

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.refusal import Refused
from appliance.parameters.text import parse_client_id, parse_line, parse_payload


@pytest.mark.parametrize(
    "text", ["", "x", "æøå €", "two\nlines\r\n", "a\0b", "x" * 65_535, "€" * 21_845]
)
def test_a_payload_is_any_text_of_that_length(text: str) -> None:
    """A payload takes whatever UTF-8 can hold, up to 65,535 bytes, unchanged and unremarked."""
    accepted = parse_payload(text)
    assert (accepted.text, accepted.warnings) == (text, ())


@pytest.mark.parametrize("text", ["x", "æøå €", "a+b#c", "two words", "x" * 65_535])
def test_a_line_is_kept_unchanged(text: str) -> None:
    """A line of text is stored as entered."""
    accepted = parse_line(text)
    assert (accepted.text, accepted.warnings) == (text, ())


@pytest.mark.parametrize("parse", [parse_line, parse_payload])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * 65_536, "65,536 bytes long as UTF-8: at most 65,535 fit"),
        ("€" * 21_846, "65,538 bytes long as UTF-8: at most 65,535 fit"),
        ("ab\ud800", "broken text at place 3 (half a character, U+D800)"),
    ],
)
def test_what_mqtt_cannot_carry_is_refused(parse: object, text: str, message: str) -> None:
    """Too many bytes, or half a character, is refused in lines and payloads alike."""
    assert callable(parse)
    with pytest.raises(Refused) as caught:
        parse(text)
    assert message in caught.value.reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ab\0", "a NUL character (U+0000) at place 3"),
        ("a\nb", "a line break at place 2"),
        ("a\r", "a line break at place 2"),
        ("a\u2028b", "a line break at place 2"),
    ],
)
def test_a_line_has_neither_nul_nor_line_break(text: str, message: str) -> None:
    """NUL and line breaks are refused with their place."""
    with pytest.raises(Refused) as caught:
        parse_line(text)
    assert message in caught.value.reason


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (" x", "begins with white space, which is kept as part of it"),
        ("x ", "ends with white space, which is kept as part of it"),
        (" x\t", "begins and ends with white space, which is kept as part of it"),
        ("a\x07b", "a control character at place 2: some brokers refuse it"),
    ],
)
def test_a_line_is_warned_about_what_is_rarely_meant(text: str, warning: str) -> None:
    """White space at the ends and control characters are kept, and said."""
    accepted = parse_line(text)
    assert accepted.text == text
    assert warning in accepted.warnings


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("x" * 23, 0),
        ("x" * 24, 1),
        ("€" * 7, 0),
        ("€" * 8, 1),
        (" " + "x" * 23, 2),
    ],
)
def test_a_long_client_id_is_kept_and_said(text: str, warnings: int) -> None:
    """More bytes than every broker takes are stored, with a warning."""
    accepted = parse_client_id(text)
    assert accepted.text == text
    assert len(accepted.warnings) == warnings


@pytest.mark.parametrize(
    ("payload", "warned"),
    [
        ("{ \u201cconnected\u201d: 0 }", True),
        (" [\u201egone\u201c]", True),
        ('{ "connected": 0 }', False),
        ('{ "note": "\u201cgone\u201d" }', False),
        ("the unit is \u201cgone\u201d", False),
    ],
)
def test_json_with_printed_quotes_is_kept_and_said(payload: str, warned: bool) -> None:
    """JSON copied from a page has quotation marks that no program reads; other text may."""
    accepted = parse_payload(payload)
    assert accepted.text == payload
    assert bool(accepted.warnings) is warned


@settings(deadline=None)  # no matter how slow the machine
@given(st.text(max_size=50))
def test_a_line_is_accepted_unchanged_or_refused(text: str) -> None:
    """Whatever is entered, a line is either kept as it is or refused in one line."""
    try:
        kept, reason = parse_line(text).text, ""
    except Refused as error:
        kept, reason = text, error.reason
    assert kept == text
    assert reason.isprintable()

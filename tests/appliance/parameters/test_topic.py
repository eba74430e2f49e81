import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.refusal import Refused
from appliance.parameters.topic import parse_topic


@pytest.mark.parametrize(
    "topic",
    [
        "a",
        "/device/7/data",
        "$aws/things/7/data",
        "$aws/rules/frames",
        "målere/nord ø",
        "a" * 65_535,
        "€" * 21_845,
        "🙂",
    ],
)
def test_a_topic_name_is_kept_as_entered(topic: str) -> None:
    """Any topic name of MQTT 3.1.1 is accepted unchanged."""
    accepted = parse_topic(topic)
    assert (accepted.text, accepted.warnings) == (topic, ())


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("", "empty: enter a topic"),
        ("a/+/b", "'+' at place 3: wildcards"),
        ("a/#", "'#' at place 3: wildcards"),
        ("ab+", "'+' at place 3: wildcards"),
        ("a\0b", "control character U+0000 at place 2"),
        ("\x01", "control character U+0001 at place 1"),
        ("ab\n", "control character U+000A at place 3"),
        ("a\x1f", "control character U+001F at place 2"),
        ("a\x7f", "control character U+007F at place 2"),
        ("a\x80", "control character U+0080 at place 2"),
        ("æ\x9f", "control character U+009F at place 2"),
        ("a\ud834", "broken text at place 2 (half a character, U+D834)"),
        ("a" * 65_536, "65,536 bytes long as UTF-8: at most 65,535 fit"),
        ("€" * 21_846, "65,538 bytes long as UTF-8: at most 65,535 fit"),
    ],
)
def test_each_fault_is_named_with_its_place(topic: str, message: str) -> None:
    """What is no topic name is refused with character and place, or with its length."""
    with pytest.raises(Refused) as caught:
        parse_topic(topic)
    assert message in caught.value.reason


@pytest.mark.parametrize(
    ("topic", "ends"), [(" a", "begins"), ("a ", "ends"), ("\u3000a ", "begins and ends")]
)
def test_white_space_at_the_ends_is_kept_and_said(topic: str, ends: str) -> None:
    """White space is legal in a topic, so it stays, with a warning."""
    accepted = parse_topic(topic)
    assert accepted.text == topic
    assert accepted.warnings == (f"{ends} with white space, which is kept as part of it",)


@pytest.mark.parametrize(
    ("topic", "beginning"),
    [
        ("$SYS/broker", "begins with '$'"),
        ("$aws", "begins with '$'"),
        ("$awsome/data", "begins with '$'"),
        ("a//b", "two '/' in a row at place 2"),
        ("//a", "two '/' in a row at place 1"),
        ("a//", "two '/' in a row at place 2"),
        ("a/b/", "ends with '/'"),
        ("/", "ends with '/'"),
    ],
)
def test_what_is_rarely_meant_is_kept_and_said(topic: str, beginning: str) -> None:
    """A topic of the broker's own, or with an empty level, stays, with one warning."""
    accepted = parse_topic(topic)
    assert accepted.text == topic
    (warning,) = accepted.warnings
    assert warning.startswith(beginning)


@settings(deadline=None)  # no matter how slow the machine
@given(st.text(st.characters(), max_size=40))
def test_a_topic_is_accepted_unchanged_or_refused(topic: str) -> None:
    """Whatever is entered, a topic is kept as it is or refused in one printable line."""
    try:
        accepted, reason = parse_topic(topic).text, ""
    except Refused as error:
        accepted, reason = "", error.reason
    assert reason.isprintable()
    if not reason:
        assert accepted == topic
        assert not set(accepted) & set("+#\0")
        assert 1 <= len(accepted.encode()) <= 65_535

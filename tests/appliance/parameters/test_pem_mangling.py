"""However a good bundle is mangled on its way, the same is stored, offered and loaded."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.catalogue import parameter
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import (
    CLIENT,
    SERVER,
    TRADITIONAL,
    block,
    issue,
    key_pem,
    pkcs12_file,
)
from tests.appliance.parameters.loading import load_in_ssl

BROKER, CHAIN, KEY = FIELDS = ("broker-certificate", "client-certificate", "client-private-key")
fields = st.sampled_from(FIELDS)

ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True)
UNIT = issue("unit", MIDDLE, usages=(CLIENT,))
BROKER_ROOT = issue("broker root", authority=True)
BROKER_MIDDLE = issue("broker middle", BROKER_ROOT, authority=True)
CROSS = issue("broker middle", ROOT, key=BROKER_MIDDLE.key, authority=True)
SERVER_ONLY = issue("broker", BROKER_MIDDLE, usages=(SERVER,))

BUNDLES = [
    [UNIT.pem, MIDDLE.pem, ROOT.pem, UNIT.key_pem],
    [UNIT.pem, MIDDLE.pem, UNIT.key_pem, BROKER_ROOT.pem],
    [UNIT.pem, UNIT.key_pem, key_pem(UNIT.key, TRADITIONAL), BROKER_ROOT.pem, BROKER_MIDDLE.pem],
    [UNIT.pem, UNIT.key_pem, ROOT.pem, CROSS.pem, BROKER_MIDDLE.pem, BROKER_ROOT.pem],
    [UNIT.pem, UNIT.key_pem, SERVER_ONLY.pem, BROKER_MIDDLE.pem, BROKER_ROOT.pem],
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a paste: what is stored and offered, by field."""

    values: dict[str, str]


def outcome(key: str, text: str) -> Outcome:
    """What the field makes of the text."""
    taken = parameter(key).accept(text)
    return Outcome({key: taken.text, **taken.also})


def attempt(key: str, text: str) -> tuple[Outcome, str]:
    """What the field makes of the text, or why it does not take it."""
    try:
        return outcome(key, text), ""
    except Refused as error:
        return Outcome({}), str(error)


def rows(prefix: str) -> Callable[[str], str]:
    """Puts the prefix before each line."""
    return lambda text: "".join(f"{prefix}{line}\n" for line in text.split("\n"))


# What mail programs, editors, terminals and JSON do to a text.
MANGLERS: list[Callable[[str], str]] = [
    rows("> "),
    rows(">> "),
    rows("| "),
    rows("    "),
    rows("\t"),
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\r"),
    lambda text: text.replace("\n", "\n\n"),
    lambda text: text.replace("\n", "\n\ufeff"),
    lambda text: text.replace("\n", "\\n"),
    lambda text: f'"{text}"'.replace("\n", "\\n"),
    lambda text: text.replace("--", "\u2013"),
    lambda text: text.replace("----", "\u2014"),
    lambda text: f"\ufeff{text}",
]
# Without dashes, which could make a marker of what is meant to be around one.
AROUND = st.text(st.characters(exclude_characters="-", exclude_categories=["Cs"]), max_size=20)
LINES = st.sampled_from(["---", "-- ", "Bag Attributes", "subject=CN = unit", " 0 s:CN = x", ""])


@st.composite
def pastes(draw: st.DrawFn) -> tuple[list[str], str]:
    """A good bundle with the same blocks shuffled, repeated, surrounded and mangled."""
    bundle = draw(st.sampled_from(BUNDLES))
    repeated = draw(st.lists(st.sampled_from(bundle), max_size=3))
    pieces = []
    for each in draw(st.permutations(bundle + repeated)):
        pieces += [draw(AROUND | LINES), "\n", each]
    text = "".join([*pieces, draw(AROUND | LINES)])
    for mangle in draw(st.lists(st.sampled_from(MANGLERS), max_size=3)):
        text = mangle(text)
    return bundle, text


@settings(deadline=None)  # no matter how slow the machine
@given(fields, pastes())
def test_mangling_changes_nothing(key: str, paste: tuple[list[str], str]) -> None:
    """Order, repetition, quoting, line ends and text around are no part of what is pasted."""
    bundle, text = paste
    assert outcome(key, text) == outcome(key, "".join(bundle))


@pytest.mark.parametrize("bundle", BUNDLES, ids=range(len(BUNDLES)))
def test_a_bundle_comes_out_the_same_through_any_field(bundle: list[str]) -> None:
    """Certificate and key are stored and offered alike whichever of their fields it went into."""
    text = "".join(bundle)
    through = [outcome(key, text).values for key in FIELDS]
    assert through[1] == through[2]
    assert {key: through[0][key] for key in (CHAIN, KEY)} == {
        key: through[1][key] for key in (CHAIN, KEY)
    }


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A bundle with a few characters lost, changed or added, or only part of it."""
    text = "".join(draw(st.permutations(draw(st.sampled_from(BUNDLES)))))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.sampled_from([0, 1, 2, 64, 700]))
        text = text[:start] + draw(st.text(max_size=2) | st.sampled_from(["-", "="])) + text[end:]
    return text


BINARY = st.sampled_from([UNIT.der, pkcs12_file(UNIT)]) | st.binary()
ANYTHING = damaged() | st.text() | BINARY.map(lambda data: data.decode("latin-1"))


@settings(deadline=None)  # no matter how slow the machine
@given(fields, ANYTHING)
def test_no_text_breaks_it(key: str, text: str) -> None:
    """Any text is refused in one line, or taken, and then loads in `ssl` and is taken again."""
    taken, reason = attempt(key, text)
    assert bool(taken.values) != bool(reason)
    assert reason.isprintable()
    for field, value in taken.values.items():
        if value:  # an empty text is what clears a field
            load_in_ssl(field, value)
        assert outcome(field, value) == Outcome({field: value})


CERTIFICATES = [BROKER_ROOT.der, SERVER_ONLY.der, UNIT.der]
BYTES = st.sampled_from([0x04, 0x0C, 0x13, 0x1A, 0x30]) | st.integers(0, 255)  # tags, and any


@settings(deadline=None, max_examples=500)  # no matter how slow the machine
@given(
    st.sampled_from([BROKER, CHAIN]),
    st.sampled_from(CERTIFICATES),
    st.lists(st.tuples(st.integers(0, 2000), BYTES), min_size=1, max_size=3),
)
def test_a_changed_certificate_has_both_judges(
    key: str, der: bytes, changes: list[tuple[int, int]]
) -> None:
    """A certificate with any bytes changed is refused, or loads in `ssl` and is taken again."""
    changed = bytearray(der)
    for place, byte in changes:
        changed[place % len(der)] = byte
    taken, reason = attempt(key, block("CERTIFICATE", bytes(changed)))
    assert bool(taken.values) != bool(reason)
    assert reason.isprintable()
    for value in taken.values.values():
        load_in_ssl(key, value)
        assert outcome(key, value) == taken

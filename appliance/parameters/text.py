"""Owns the rules for text that MQTT carries, and how a character is named to a technician.

Strings of MQTT 3.1.1, section 1.5.3: at most 65,535 bytes of UTF-8, no U+0000, no surrogates.
Places are counted in characters, from 1. No message quotes the text: it may be a secret.
"""

from appliance.parameters.accepted import Accepted
from appliance.parameters.refusal import Refused

# A string's or a Last Will payload's length field has two bytes.
MAX_BYTES = 65_535
# What every broker must take as a client ID (MQTT 3.1.1, 3.1.3.1).
PROMISED_CLIENT_ID = 23
LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
TYPOGRAPHIC_QUOTES = "\u201c\u201d\u201e"


def parse_payload(text: str) -> Accepted:
    """Accept any text of 0 to 65,535 bytes of UTF-8 (MQTT 3.1.1, 3.1.3.3); raise Refused.

    Warns where JSON is quoted as on a printed page: it was copied from a manual (guide, Payload
    for Last Will), and no program reads it.
    """
    check_encodable(text)
    if text.lstrip()[:1] in ("{", "[") and '"' not in text:
        places = (place for place, each in enumerate(text, 1) if each in TYPOGRAPHIC_QUOTES)
        if place := next(places, 0):
            return Accepted(
                text, (f"a typographic quotation mark at place {place}: JSON needs straight ones",)
            )
    return Accepted(text)


def parse_line(text: str) -> Accepted:
    """Accept one line of text that MQTT can carry as a string; raise Refused."""
    check_encodable(text)
    for place, character in enumerate(text, 1):
        if character == "\0":
            raise Refused(
                f"a NUL character (U+0000) at place {place}, which MQTT forbids: take it out"
            )
        if character in LINE_BREAKS:
            raise Refused(f"a line break at place {place}: enter one line only")
    warnings = list(edge_warnings(text))
    place = next((place for place, each in enumerate(text, 1) if is_control(each)), 0)
    if place:
        warnings.append(f"a control character at place {place}: some brokers refuse it")
    return Accepted(text, tuple(warnings))


def parse_client_id(text: str) -> Accepted:
    """Accept one line of text; warn of a length that not every broker takes; raise Refused."""
    accepted = parse_line(text)
    length = len(text.encode())
    if length <= PROMISED_CLIENT_ID:
        return accepted
    warning = (
        f"{length:,} bytes long: brokers have to take {PROMISED_CLIENT_ID} only (MQTT 3.1.1), "
        "and some refuse more"
    )
    return Accepted(text, (*accepted.warnings, warning))


def check_encodable(text: str) -> None:
    """Raise Refused unless the text is at most 65,535 bytes of UTF-8 and has no lone surrogate."""
    for place, character in enumerate(text, 1):
        if is_surrogate(character):
            raise Refused(
                f"broken text at place {place} (half a character, U+{ord(character):04X}): "
                "enter it again as UTF-8"
            )
    length = len(text.encode())
    if length > MAX_BYTES:
        raise Refused(f"{length:,} bytes long as UTF-8: at most {MAX_BYTES:,} fit")


def edge_warnings(text: str) -> tuple[str, ...]:
    """Return a warning for white space at either end: legal, kept, and rarely meant."""
    ends = []
    if text[:1].isspace():
        ends.append("begins")
    if text[-1:].isspace():
        ends.append("ends")
    return (f"{' and '.join(ends)} with white space, which is kept as part of it",) if ends else ()


def is_control(character: str) -> bool:
    """Say whether the character is a C0 control, DEL or a C1 control."""
    return character < " " or "\x7f" <= character <= "\x9f"


def is_surrogate(character: str) -> bool:
    """Say whether the character is half of a UTF-16 pair, which UTF-8 cannot hold."""
    return "\ud800" <= character <= "\udfff"


def name_character(character: str) -> str:
    """Return the character quoted where it is harmless ASCII, otherwise its code point."""
    if character.isascii() and character.isprintable() and character != " ":
        return f"'{character}'"
    return f"U+{ord(character):04X}"

"""Owns the rule for a topic to publish to: a topic name of MQTT 3.1.1, section 4.7.

Control characters are refused too: section 1.5.3 lets a broker disconnect because of them.
"""

from collections.abc import Iterator

from appliance.parameters.accepted import Accepted
from appliance.parameters.refusal import Refused
from appliance.parameters.text import (
    check_encodable,
    edge_warnings,
    is_control,
    name_character,
)


def parse_topic(text: str) -> Accepted:
    """Accept a topic name of 1 to 65,535 bytes of UTF-8; raise Refused with the faulty place."""
    if not text:
        raise Refused("empty: enter a topic such as meters/north/data")
    for place, character in enumerate(text, 1):
        if character in "+#":
            raise Refused(
                f"{name_character(character)} at place {place}: wildcards are for subscribing, "
                "a topic to publish to has none"
            )
        if is_control(character):
            raise Refused(
                f"control character {name_character(character)} at place {place}: take it out"
            )
    check_encodable(text)
    return Accepted(text, (*edge_warnings(text), *_level_warnings(text)))


def _level_warnings(text: str) -> Iterator[str]:
    """Yield what is legal in a topic and rarely meant; a '/' in front is common and not said."""
    # AWS IoT Core takes what is published to $aws/rules/… (Basic Ingest).
    if text.startswith("$") and not text.startswith("$aws/"):
        yield "begins with '$': brokers keep such topics for themselves, most take no frames there"
    if place := text.find("//") + 1:
        yield f"two '/' in a row at place {place}: they make an empty level, which is rarely meant"
    elif text.endswith("/"):
        yield "ends with '/': that makes an empty last level, which is rarely meant"

"""Owns the rule for the broker's URL: ssl://FQDN:PORT (guide, Broker URL).

Names follow RFC 1123: labels of letters, digits and hyphens (LDH).
"""

import ipaddress
import re
from dataclasses import dataclass

from appliance.parameters.accepted import Accepted
from appliance.parameters.refusal import Refused
from appliance.parameters.text import is_control, name_character

MAX_HOST = 253  # RFC 1035, 2.3.4, without the final dot
MAX_LABEL = 63
MAX_PORT = 65_535
PLAIN_PORT = 1883  # IANA's "mqtt", without TLS; with TLS it is 8883, "secure-mqtt"
FORM = "ssl://name.of.broker:port"
_LDH = re.compile(r"[A-Za-z0-9-]")


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """Where the broker is: a full domain name in lower case, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"ssl://{self.host}:{self.port}"


def accept_broker_url(text: str) -> Accepted:
    """Accept the URL as entered; warn of a port that rarely speaks TLS; raise Refused."""
    if parse_broker_url(text).port == PLAIN_PORT:
        warning = f"port {PLAIN_PORT} is most often MQTT without TLS: TLS is most often on 8883"
        return Accepted(text, (warning,))
    return Accepted(text)


def parse_broker_url(text: str) -> BrokerUrl:
    """Return host and port of the URL; raise Refused saying which part is wrong."""
    if not text:
        raise Refused(f"empty: write {FORM}")
    _check_characters(text)
    authority = _authority(text)
    _check_not_ipv6(authority)
    host, _, port = authority.partition(":")
    _check_host(host)
    return BrokerUrl(host.lower(), _parse_port(port))


def _check_characters(text: str) -> None:
    for place, character in enumerate(text, 1):
        if character.isspace():
            kind = "a space" if character == " " else f"white space ({name_character(character)})"
            raise Refused(f"{kind} at place {place}: take it out")
        if is_control(character):
            raise Refused(
                f"control character {name_character(character)} at place {place}: take it out"
            )


def _authority(text: str) -> str:
    """Return what stands between the scheme and the end, once nothing follows it."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise Refused(f"no ssl:// in front: write {FORM}")
    if scheme.lower() != "ssl":
        raise Refused(f"only ssl:// is supported: write {FORM}")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    # User info comes first: a password must not end up in a message about something else.
    if "@" in authority:
        raise Refused(
            "a user name before '@': leave it out, it has parameters of its own "
            "(client-username, client-password)"
        )
    if tail:
        part = {"/": "a path", "?": "a query", "#": "a fragment"}[tail[0]]
        raise Refused(f"{part} after the port: end it before '{tail[0]}', as in {FORM}")
    return authority


def _check_not_ipv6(authority: str) -> None:
    # Without brackets the port, if any, looks like the address's last group.
    candidates = (authority, authority.rpartition(":")[0])
    if authority.startswith("[") or any(":" in each and _is_ip(each) for each in candidates):
        raise Refused(f"an IPv6 address: the broker's full domain name is needed, as in {FORM}")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _check_host(host: str) -> None:
    if not host:
        raise Refused(f"no broker name after ssl://: write {FORM}")
    if not host.isascii():
        place = next(place for place, each in enumerate(host, 1) if not each.isascii())
        raise Refused(
            f"the broker name has {name_character(host[place - 1])} at its place {place}: write it "
            "in ASCII, international names as punycode (xn--…)"
        )
    if _is_ip(host):
        raise Refused(f"an IP address: the broker's full domain name is needed, as in {FORM}")
    if host.endswith("."):
        raise Refused("the broker name ends with a dot: take it out")
    if len(host) > MAX_HOST:
        raise Refused(f"the broker name is {len(host)} characters long: at most {MAX_HOST} fit")
    labels = host.split(".")
    for number, label in enumerate(labels, 1):
        _check_label(label, number)
    if len(labels) == 1:
        raise Refused(
            "the broker name has one part only: the full domain name is needed, "
            "such as broker.example.com"
        )
    if labels[-1].isdigit():
        raise Refused(
            "the last part of the broker name is all digits: the full domain name is needed, "
            "such as broker.example.com"
        )


def _check_label(label: str, number: int) -> None:
    where = f"part {number} of the broker name"
    if not label:
        raise Refused(f"{where} is empty: write one dot between two parts, none in front")
    if len(label) > MAX_LABEL:
        raise Refused(f"{where} is {len(label)} characters long: at most {MAX_LABEL} are allowed")
    for character in label:
        if not _LDH.fullmatch(character):
            raise Refused(
                f"{where} has {name_character(character)}: letters, digits and hyphens only"
            )
    if label.startswith("-") or label.endswith("-"):
        raise Refused(f"{where} begins or ends with a hyphen: take it out")


def _parse_port(port: str) -> int:
    if not port:
        raise Refused("no port: add it behind the name, most often :8883")
    if not (port.isascii() and port.isdigit()):
        raise Refused(f"the port is not a number: write digits only, 1 to {MAX_PORT}")
    # Leading zeros go first: int() refuses thousands of digits in its own words.
    digits = port.lstrip("0")
    if not digits or len(digits) > len(str(MAX_PORT)) or int(digits) > MAX_PORT:
        raise Refused(f"the port is out of range: 1 to {MAX_PORT}, most often 8883")
    return int(digits)

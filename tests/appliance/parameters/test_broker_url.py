import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.broker_url import BrokerUrl, accept_broker_url, parse_broker_url
from appliance.parameters.refusal import Refused

LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])  # 253 characters


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("ssl://broker.example.com:8883", "broker.example.com", 8883),
        ("SSL://Broker.Example.COM:8883", "broker.example.com", 8883),
        ("ssl://broker.localhost:1", "broker.localhost", 1),
        ("ssl://a.b:65535", "a.b", 65535),
        ("ssl://a-1.x--y.example:443", "a-1.x--y.example", 443),
        ("ssl://1.2.3.4a:8883", "1.2.3.4a", 8883),
        ("ssl://3com.example:08883", "3com.example", 8883),
        ("ssl://xn--bcher-kva.example:8883", "xn--bcher-kva.example", 8883),
        (f"ssl://{LONGEST}:8883", LONGEST, 8883),
    ],
)
def test_a_full_domain_name_and_port_are_accepted(text: str, host: str, port: int) -> None:
    """A URL by the rules gives the lower-case host and the port."""
    assert parse_broker_url(text) == BrokerUrl(host, port)


def test_is_written_in_one_way() -> None:
    """The URL's text is ssl, the lower-case host and the port."""
    assert (
        str(parse_broker_url("SSL://Broker.Example.com:08883")) == "ssl://broker.example.com:8883"
    )


@pytest.mark.parametrize(
    ("port", "warnings"),
    [
        ("8883", ()),
        ("443", ()),
        ("1883", ("port 1883 is most often MQTT without TLS: TLS is most often on 8883",)),
        ("01883", ("port 1883 is most often MQTT without TLS: TLS is most often on 8883",)),
    ],
)
def test_the_port_of_plain_mqtt_is_kept_and_said(port: str, warnings: tuple[str, ...]) -> None:
    """Port 1883 is legal, so it stays, with a warning; the URL is stored as entered."""
    accepted = accept_broker_url(f"SSL://broker.example.com:{port}")
    assert accepted.text == f"SSL://broker.example.com:{port}"
    assert accepted.warnings == warnings


OTHER_SCHEMES = [
    "mqtt",
    "mqtts",
    "tcp",
    "tls",
    "ws",
    "wss",
    "http",
    "https",
    "",
    "sslx",
    " ssl"[1:] + "s",
]


@pytest.mark.parametrize("scheme", OTHER_SCHEMES)
def test_every_other_scheme_is_sent_to_ssl(scheme: str) -> None:
    """Another scheme is refused, and the answer is to write ssl://."""
    with pytest.raises(Refused, match=r"^only ssl:// is supported: write ssl://"):
        parse_broker_url(f"{scheme}://broker.example.com:8883")


FAULTS = [
    ("", "empty: write ssl://"),
    ("broker.example.com:8883", "no ssl:// in front: write ssl://"),
    ("ssl:broker.example.com:8883", "no ssl:// in front"),
    ("ssl:/broker.example.com:8883", "no ssl:// in front"),
    ("ssl://192.0.2.7:8883", "an IP address: the broker's full domain name is needed"),
    ("ssl://192.0.2.7", "an IP address: the broker's full domain name is needed"),
    ("ssl://[2001:db8::7]:8883", "an IPv6 address: the broker's full domain name is needed"),
    ("ssl://2001:db8::7:8883", "an IPv6 address: the broker's full domain name is needed"),
    ("ssl://2001:db8::7:18883", "an IPv6 address: the broker's full domain name is needed"),
    ("ssl://::1", "an IPv6 address: the broker's full domain name is needed"),
    ("ssl://127.1:8883", "last part of the broker name is all digits"),
    ("ssl://broker.123:8883", "last part of the broker name is all digits"),
    ("ssl://broker:8883", "one part only: the full domain name is needed"),
    ("ssl://localhost:8883", "one part only: the full domain name is needed"),
    ("ssl://broker.example.com", "no port: add it behind the name"),
    ("ssl://broker.example.com:", "no port: add it behind the name"),
    ("ssl://:8883", "no broker name after ssl://"),
    ("ssl://", "no broker name after ssl://"),
    ("ssl://broker.example.com:0", "the port is out of range: 1 to 65535"),
    ("ssl://broker.example.com:65536", "the port is out of range: 1 to 65535"),
    ("ssl://broker.example.com:" + "9" * 5000, "the port is out of range: 1 to 65535"),
    ("ssl://broker.example.com:-1", "the port is not a number"),
    ("ssl://broker.example.com:+1", "the port is not a number"),
    ("ssl://broker.example.com:88x3", "the port is not a number"),
    ("ssl://broker.example.com:8_883", "the port is not a number"),
    ("ssl://broker.example.com:٨٨٨٣", "the port is not a number"),
    ("ssl://broker.example.com:8883:1", "the port is not a number"),
    ("ssl://broker.example.com:8883/", "a path after the port: end it before '/'"),
    ("ssl://broker.example.com:8883/mqtt", "a path after the port"),
    ("ssl://broker.example.com:8883?x=1", "a query after the port: end it before '?'"),
    ("ssl://broker.example.com:8883#x", "a fragment after the port: end it before '#'"),
    ("ssl://tech@broker.example.com:8883", "a user name before '@'"),
    ("ssl://tech:hunter2@broker.example.com:8883/", "a user name before '@'"),
    (" ssl://broker.example.com:8883", "a space at place 1: take it out"),
    ("ssl://broker.example.com:8883 ", "a space at place 30: take it out"),
    ("ssl://broker .example.com:8883", "a space at place 13: take it out"),
    ("ssl://broker.example.com:8883\n", "white space (U+000A) at place 30"),
    ("ssl://broker\u00a0.example.com:8883", "white space (U+00A0) at place 13"),
    ("ssl://bro\x00ker.example.com:8883", "control character U+0000 at place 10"),
    ("ssl://bücher.example:8883", "U+00FC at its place 2: write it in ASCII"),
    ("ssl://broker.example。com:8883", "punycode"),
    ("ssl://bro\u202eker.example:8883", "U+202E"),
    ("ssl://" + "a" * 64 + ".example:8883", "part 1 of the broker name is 64 characters long"),
    (f"ssl://{LONGEST}d:8883", "the broker name is 254 characters long: at most 253"),
    ("ssl://broker.example.com.:8883", "ends with a dot: take it out"),
    ("ssl://broker..com:8883", "part 2 of the broker name is empty"),
    ("ssl://.example.com:8883", "part 1 of the broker name is empty"),
    ("ssl://my_broker.example.com:8883", "part 1 of the broker name has '_'"),
    ("ssl://broker.exa%41mple.com:8883", "part 2 of the broker name has '%'"),
    ("ssl://broker\\.example.com:8883", "has '\\': letters, digits and hyphens only"),
    ("ssl://-broker.example.com:8883", "part 1 of the broker name begins or ends with a hyphen"),
    ("ssl://broker-.example.com:8883", "part 1 of the broker name begins or ends with a hyphen"),
    ("ssl://broker.example.c-:8883", "part 3 of the broker name begins or ends with a hyphen"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_each_fault_has_its_own_message(text: str, message: str) -> None:
    """What is wrong with a URL is said, with what would be right, in one printable line."""
    with pytest.raises(Refused) as caught:
        parse_broker_url(text)
    assert message in caught.value.reason
    assert caught.value.reason.isprintable()
    assert "hunter2" not in caught.value.reason


@settings(deadline=None)  # no matter how slow the machine
@given(st.text(max_size=60) | st.from_regex(r"ssl://\S{0,30}:\d{0,6}\S?", fullmatch=True))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Whatever is entered, it is refused or follows the rules; nothing else is raised."""
    try:
        url, reason = parse_broker_url(text), ""
    except Refused as error:
        url, reason = None, error.reason
    assert reason.isprintable()
    if url is not None:
        assert re.fullmatch(r"(?i)ssl://[a-z0-9-]+(\.[a-z0-9-]+)+:[0-9]+", text)
        assert 1 <= url.port <= 65_535


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@settings(deadline=None)  # no matter how slow the machine
@given(st.lists(LABEL, min_size=2, max_size=6), st.integers(1, 65_535))
def test_an_accepted_url_survives_its_own_writing(labels: list[str], port: int) -> None:
    """Every name and port by the rules is accepted, and its text parses to the same."""
    url = parse_broker_url(f"ssl://{'.'.join(labels)}:{port}")
    assert url == BrokerUrl(".".join(labels), port)
    assert parse_broker_url(str(url)) == url

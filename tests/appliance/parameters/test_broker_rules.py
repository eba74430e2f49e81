import pytest

from appliance.parameters.broker_rules import alpn, findings
from appliance.parameters.broker_url import BrokerUrl
from appliance.parameters.configuration import Configuration
from appliance.parameters.finding import Finding
from appliance.parameters.values import ParameterValues
from tests.appliance.parameters.credentials import issue

UNIT = issue("unit")
IDENTITY = {"client-certificate": UNIT.pem, "client-private-key": UNIT.key_pem}
AWS = {
    "broker-url": "ssl://unit-ats.iot.eu-west-1.amazonaws.com:8883",
    "event-topic": "$aws/rules/events",
    "data-topic": "/device/7/data/endpointdata",
    "last-will-topic": "/device/7/will",
    "status-topic": "/device/7/status",
    **IDENTITY,
}
EVENT_GRID = {
    "broker-url": "ssl://meters.northeurope-1.ts.eventgrid.azure.net:8883",
    "event-topic": "device/7/event",
    "data-topic": "device/7/data",
    "client-username": "unit7",
    **IDENTITY,
}
THINGSBOARD = {
    "broker-url": "ssl://mqtt.thingsboard.cloud:8883",
    "data-topic": "v1/devices/me/telemetry",
    "status-topic": "v1/devices/me/attributes",
    "client-username": "A1_TEST_TOKEN",
}
PLAIN = {"broker-url": "ssl://broker.example.com:8883", "data-topic": "meters/data"}
TEN_LEVELS = "a/b/c/d/e/f/g/h/i/j"


def found(
    texts: dict[str, str], largest: int | None = None, serial_number: str = "7", **changes: str
) -> tuple[Finding, ...]:
    """The findings for these texts with changes put in (underscores stand for hyphens)."""
    changed = {key.replace("_", "-"): text for key, text in changes.items()}
    values = ParameterValues({**texts, **changed})
    return findings(Configuration.from_values(values, serial_number), largest)


def brief(findings: tuple[Finding, ...]) -> list[tuple[str, str | None]]:
    """Severity and parameter of each finding; the texts are in test_messages."""
    return [(each.severity, each.key) for each in findings]


@pytest.mark.parametrize(
    ("texts", "largest"),
    [
        (AWS, 131_072),
        ({**AWS, "broker-url": AWS["broker-url"].replace("8883", "443")}, None),
        (EVENT_GRID, 524_288 - 4 - len("device/7/event")),
        (
            {**EVENT_GRID, "client-certificate": "", "client-private-key": ""}
            | {"client-password": "a token"},
            None,
        ),
        (THINGSBOARD, 65_536 - 4 - len("v1/devices/me/telemetry")),
        ({**THINGSBOARD, "client-username": "", **IDENTITY}, None),
        ({**PLAIN, "event-topic": TEN_LEVELS, "data-topic": "x" * 300}, 10_000_000),
    ],
    ids=[
        "AWS",
        "AWS on 443",
        "Event Grid",
        "Event Grid with password",
        "ThingsBoard",
        "ThingsBoard with certificate",
        "any other",
    ],
)
def test_a_clean_configuration_is_not_remarked_on(
    texts: dict[str, str], largest: int | None
) -> None:
    """What a service takes, up to its very limits, gives no finding; nor does an unknown broker."""
    assert found(texts, largest) == ()


@pytest.mark.parametrize(
    "host",
    [
        "a.iot.eu-west-1.amazonaws.com",
        "a-ats.iot.cn-north-1.amazonaws.com.cn",
        "data.iot-fips.us-gov-west-1.amazonaws.com",
        "vpce-1.data.iot.us-east-1.vpce.amazonaws.com",
        "a.westus2-1.ts.eventgrid.azure.net",
        "a.usgovvirginia-1.ts.eventgrid.azure.us",
        "thingsboard.example.com",
        "mqtt.eu.thingsboard.cloud",
    ],
)
def test_a_service_is_recognised_by_its_host_name(host: str) -> None:
    """A port no service listens on is remarked on, whatever the topic."""
    keys = [each.key for each in found(PLAIN, broker_url=f"ssl://{host}:9")]
    assert "broker-url" in keys


@pytest.mark.parametrize(
    "host",
    [
        "a.iot.eu-west-1.amazonaws.com.example.com",
        "iot.example.com",
        "a.s3.eu-west-1.amazonaws.com",
        "a.ts.eventgrid.azure.net.example.com",
        "eventgrid.azure.example.com",
    ],
)
def test_a_host_name_alike_is_not_taken_for_a_service(host: str) -> None:
    """Only the service's own domain counts."""
    assert found(PLAIN, broker_url=f"ssl://{host}:9") == ()


@pytest.mark.parametrize(
    ("key", "topic"),
    [
        ("event-topic", "$aws/rules/events"),
        ("last-will-topic", "$aws/rules/gone"),
        ("data-topic", "v1/devices/me/telemetry"),
        ("status-topic", "v1/gateway/connect"),
    ],
)
def test_a_service_is_recognised_by_a_topic_of_its_own(key: str, topic: str) -> None:
    """Behind a name of the operator's own a topic gives the service away, never for an error."""
    suspected = found({**PLAIN, key: topic}, 10_000_000, broker_url="ssl://mqtt.example.com:9")
    assert "(judging by a topic)" in suspected[0].text
    assert {each.severity for each in suspected} == {"warning"}


def test_the_host_name_goes_before_a_topic() -> None:
    """A topic of one service on the host of another changes nothing."""
    assert found(AWS, data_topic="v1/devices/me/telemetry") == ()


@pytest.mark.parametrize("key", ["event-topic", "data-topic", "last-will-topic", "status-topic"])
@pytest.mark.parametrize("texts", [AWS, EVENT_GRID], ids=["AWS", "Event Grid"])
@pytest.mark.parametrize(
    ("topic", "count"),
    [
        ("x" * 256, 0),
        ("x" * 257, 1),
        ("ø" * 129, 1),
        ("a/b/c/d/e/f/g/h", 0),
        ("/a/b/c/d/e/f/g/h", 1),
        ("x" * 250 + TEN_LEVELS, 2),
    ],
)
def test_every_topic_is_held_against_length_and_depth(
    key: str, texts: dict[str, str], topic: str, count: int
) -> None:
    """256 bytes and seven slashes go through, on any of the four topics."""
    assert brief(found({**texts, key: topic})) == [("error", key)] * count


@pytest.mark.parametrize(
    ("topic", "count"),
    [
        ("$aws/rules/frames/a/b/c/d/e/f/g/h", 0),
        ("$aws/rules/frames/a/b/c/d/e/f/g/h/i", 1),
        ("$aws/rules/frames/" + "x" * 256, 0),
        ("$aws/rules/frames/" + "x" * 257, 1),
        ("$aws/things/7/a/b/c/d/e/f/g", 1),
    ],
)
def test_the_beginning_of_basic_ingest_does_not_count(topic: str, count: int) -> None:
    """AWS takes the first three levels of $aws/rules/… off before it counts."""
    assert brief(found(AWS, data_topic=topic)) == [("error", "data-topic")] * count


@pytest.mark.parametrize(
    ("texts", "port", "expected"),
    [
        (AWS, 1883, [("error", "broker-url")]),
        (EVENT_GRID, 443, [("error", "broker-url")]),
        (THINGSBOARD, 1884, [("warning", "broker-url")]),
    ],
    ids=["AWS", "Event Grid", "ThingsBoard"],
)
def test_a_port_where_nobody_listens_is_said(
    texts: dict[str, str], port: int, expected: list[tuple[str, str | None]]
) -> None:
    """Wrong for sure at a cloud service; a ThingsBoard of one's own may listen anywhere."""
    changed = texts["broker-url"].replace("8883", str(port))
    assert brief(found({**texts, "broker-url": changed})) == expected


@pytest.mark.parametrize(
    ("texts", "changes", "expected"),
    [
        (AWS, {"client-id": "x" * 128}, []),
        (AWS, {"client-id": "x" * 129}, [("error", "client-id")]),
        (AWS, {"client-username": "u"}, [("warning", "client-username")]),
        (
            AWS,
            {"client-certificate": "", "client-private-key": ""},
            [("warning", "client-certificate")],
        ),
        (
            AWS,
            {"client-certificate": "", "client-private-key": "", "client-username": "u"},
            [("warning", "client-certificate")],
        ),
        (EVENT_GRID, {"client-username": ""}, [("warning", "client-username")]),
        (
            EVENT_GRID,
            {"client-certificate": "", "client-private-key": ""},
            [("warning", "client-certificate")],
        ),
        (THINGSBOARD, {"client-username": ""}, [("warning", "client-username")]),
        (THINGSBOARD, {"data-topic": "meters/data"}, [("warning", "data-topic")]),
        (THINGSBOARD, {"event-topic": "meters/event"}, [("warning", "event-topic")]),
        (THINGSBOARD, {"data-topic": "v1/gateway/telemetry"}, [("warning", "data-topic")]),
    ],
)
def test_each_services_own_rules(
    texts: dict[str, str], changes: dict[str, str], expected: list[tuple[str, str | None]]
) -> None:
    """What identifies the unit, and where it publishes, is as the service wants it, or said."""
    assert brief(found({**texts, **changes})) == expected


def test_event_grid_needs_a_client_id() -> None:
    """A unit without a serial number has no client ID to fall back on."""
    assert brief(found(EVENT_GRID, serial_number="")) == [("error", "client-id")]


@pytest.mark.parametrize(
    ("texts", "payload", "severity"),
    [
        (AWS, 131_073, "error"),
        (EVENT_GRID, 524_289 - 4 - len("device/7/event"), "error"),
        (THINGSBOARD, 65_537 - 4 - len("v1/devices/me/telemetry"), "warning"),
    ],
    ids=["AWS", "Event Grid", "ThingsBoard"],
)
def test_a_message_too_large_is_said_with_both_sizes(
    texts: dict[str, str], payload: int, severity: str
) -> None:
    """One byte over the limit is told, with the remedy; ThingsBoard's limit can be raised."""
    (finding,) = found(texts, payload)
    assert (finding.severity, finding.key) == (severity, None)
    assert "max_payload = 61440 under [mqtt]" in finding.text


@pytest.mark.parametrize(
    ("host", "port", "certificate", "protocols"),
    [
        ("a-ats.iot.eu-west-1.amazonaws.com", 443, True, ["x-amzn-mqtt-ca"]),
        ("a.iot.cn-north-1.amazonaws.com.cn", 443, True, ["x-amzn-mqtt-ca"]),
        ("a-ats.iot.eu-west-1.amazonaws.com", 443, False, ["mqtt"]),
        ("a-ats.iot.eu-west-1.amazonaws.com", 8883, True, []),
        ("broker.example.com", 443, True, []),
    ],
)
def test_only_aws_on_port_443_is_offered_a_protocol(
    host: str, port: int, certificate: bool, protocols: list[str]
) -> None:
    """AWS IoT Core tells MQTT from HTTPS by it; other brokers may refuse what they do not know."""
    assert alpn(BrokerUrl(host, port), client_certificate=certificate) == protocols

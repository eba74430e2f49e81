import pytest

from appliance.parameters.configuration import Configuration, LastWill
from appliance.parameters.refusal import ConfigurationRefused
from appliance.parameters.secret import Secret
from appliance.parameters.values import ParameterValues
from tests.appliance.parameters.credentials import issue

LEAST = {"broker-url": "ssl://Broker.example.com:8883", "data-topic": "data"}
UNIT = issue("unit")
OTHER = issue("other")


def build(**texts: str) -> Configuration:
    """The least configuration with these texts put in (underscores stand for hyphens)."""
    changes = {key.replace("_", "-"): text for key, text in texts.items()}
    return Configuration.from_values(ParameterValues({**LEAST, **changes}), "12345678")


def test_url_and_data_topic_are_enough() -> None:
    """Everything else is optional, and the serial number is the client ID."""
    least = build()
    assert str(least.broker) == "ssl://broker.example.com:8883"
    assert (least.data_topic, least.event_topic, least.status_topic) == ("data", "", "")
    assert least.priority_topic == "data"
    assert least.client_id == "12345678"
    assert least.last_will is None
    assert (least.username, least.password) == (None, None)
    assert (least.broker_certificate, least.client_certificate) == ("", "")
    assert least.client_private_key is None


def test_every_value_finds_its_place() -> None:
    """A full configuration carries each of the twelve values."""
    full = build(
        event_topic="event",
        last_will_topic="will",
        last_will_payload='{ "connected": 0 }',
        status_topic="status",
        broker_certificate=OTHER.pem,
        client_username="user",
        client_password="hunter2",
        client_id="unit7",
        client_certificate=UNIT.pem,
        client_private_key=UNIT.key_pem,
    )
    assert full.priority_topic == full.event_topic == "event"
    assert full.last_will == LastWill("will", '{ "connected": 0 }')
    assert full.status_topic == "status"
    assert full.broker_certificate == OTHER.pem
    assert (full.username, full.password) == ("user", Secret("hunter2"))
    assert full.client_id == "unit7"
    assert full.client_certificate == UNIT.pem
    assert full.client_private_key == Secret(UNIT.key_pem)


def test_a_username_needs_no_password() -> None:
    """A username alone is valid: an access token."""
    token = build(client_username="token")
    assert (token.username, token.password) == ("token", None)


def test_a_payload_without_its_topic_has_no_effect() -> None:
    """The Last Will exists where its topic is set; its payload may be empty."""
    assert build(last_will_payload="x").last_will is None
    assert build(last_will_topic="will").last_will == LastWill("will", "")


def test_the_topics_are_those_that_are_set() -> None:
    """Each is found under its parameter's key, in catalogue order; unset ones are left out."""
    assert build().topics == {"data-topic": "data"}
    full = build(event_topic="event", last_will_topic="will", status_topic="status")
    assert list(full.topics.items()) == [
        ("event-topic", "event"),
        ("data-topic", "data"),
        ("last-will-topic", "will"),
        ("status-topic", "status"),
    ]


def test_the_repr_shows_no_secret() -> None:
    """Neither password nor key shows when a configuration is printed."""
    shown = repr(
        build(
            client_username="user",
            client_password="hunter2",
            client_certificate=UNIT.pem,
            client_private_key=UNIT.key_pem,
        )
    )
    assert "hunter2" not in shown
    assert UNIT.key_pem.splitlines()[1] not in shown


@pytest.mark.parametrize(
    ("texts", "problems"),
    [
        ({"broker_url": ""}, ["broker-url: required and not set"]),
        ({"data_topic": ""}, ["data-topic: required and not set"]),
        ({"broker_url": "mqtt://a.b:1"}, ["broker-url: only ssl:// is supported"]),
        ({"event_topic": "a/+"}, ["event-topic: '+' at place 3"]),
        ({"client_password": "x"}, ["client-password: needs client-username"]),
        ({"client_certificate": UNIT.pem}, ["client-certificate: needs client-private-key"]),
        ({"client_private_key": UNIT.key_pem}, ["client-private-key: needs client-certificate"]),
        (
            {"client_certificate": UNIT.pem, "client_private_key": OTHER.key_pem},
            ["client-private-key: does not belong to client-certificate"],
        ),
        (
            {"client_certificate": "junk", "client_private_key": UNIT.key_pem},
            ["client-certificate: no PEM found"],
        ),
        (
            {
                "broker_url": "",
                "event_topic": "#",
                "data_topic": "",
                "client_password": "x\0",
                "client_private_key": "junk",
            },
            [
                "broker-url: required",
                "event-topic: '#'",
                "data-topic: required",
                "client-password: a NUL",
                "client-password: needs",
                "client-private-key: no PEM",
                "client-private-key: needs",
            ],
        ),
    ],
)
def test_every_problem_is_named(texts: dict[str, str], problems: list[str]) -> None:
    """All that keeps a configuration from service is said at once, in catalogue order."""
    with pytest.raises(ConfigurationRefused) as caught:
        build(**texts)
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(problems)
    for message, beginning in zip(found, problems, strict=True):
        assert message.startswith(beginning)
    assert str(caught.value).isprintable()

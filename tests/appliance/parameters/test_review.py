from datetime import UTC, datetime, timedelta, timezone

import pytest

from appliance.parameters.finding import Finding
from appliance.parameters.review import LONGEST_SERVICE, RELEASED, clock_bounds, clock_fault, review
from appliance.parameters.values import ParameterValues
from tests.appliance.parameters.dated import dated, day

NOW = day("2027-06-15")
ROOT = dated("2027-01-01", "2037-01-01", "root")
LEAST = {"broker-url": "ssl://broker.example.com:8883", "data-topic": "meters/data"}
OLD = dated("2027-01-01", "2027-03-01", "old root")
NEXT = dated("2027-09-01", "2037-01-01", "next root")


def found(
    changes: dict[str, str], now: datetime = NOW, largest: int | None = None
) -> tuple[Finding, ...]:
    """The review of the least configuration with these texts put in."""
    return review(ParameterValues({**LEAST, **changes}), "7", now, largest)


def brief(findings: tuple[Finding, ...]) -> list[tuple[str, str | None]]:
    """Severity and parameter of each finding; the texts are in test_messages."""
    return [(each.severity, each.key) for each in findings]


def identity(first: str, last: str) -> dict[str, str]:
    """A client certificate valid between these days, with its key."""
    unit = dated(first, last)
    return {"client-certificate": unit.pem, "client-private-key": unit.key_pem}


def test_a_clean_configuration_is_not_remarked_on() -> None:
    """All twelve values as they should be give no finding."""
    full = {
        "event-topic": "meters/event",
        "last-will-topic": "meters/will",
        "last-will-payload": '{ "connected": 0 }',
        "status-topic": "meters/status",
        "broker-certificate": ROOT.pem,
        "client-username": "unit7",
        "client-password": "hunter2",
        "client-id": "unit7",
        **identity("2027-01-01", "2028-01-01"),
    }
    assert found(full, largest=60_000) == ()


def test_every_error_of_the_configuration_is_found() -> None:
    """What keeps a configuration from service is an error, under its parameter."""
    assert brief(found({"broker-url": "", "event-topic": "#", "client-password": "x"})) == [
        ("error", "broker-url"),
        ("error", "event-topic"),
        ("error", "client-password"),
    ]


def test_errors_come_first_and_each_part_in_catalogue_order() -> None:
    """What must be done stands above what may be done; the whole above its parts."""
    everything = found(
        {
            "data-topic": "a/",
            "last-will-payload": "x",
            "status-topic": "#",
            "client-id": "x ",
            "client-private-key": "junk",
        },
        now=day("1970-01-01"),
    )
    assert brief(everything) == [
        ("error", "status-topic"),
        ("error", "client-private-key"),
        ("error", "client-private-key"),
        ("warning", None),
        ("warning", "data-topic"),
        ("warning", "last-will-payload"),
        ("warning", "client-id"),
    ]


def test_the_values_own_warnings_are_repeated() -> None:
    """What was said when a value was saved is said again of the whole."""
    (finding,) = found({"data-topic": " meters/data"})
    assert finding == Finding(
        "warning", "begins with white space, which is kept as part of it", "data-topic"
    )


def test_the_brokers_rules_are_held_against_it() -> None:
    """A service's limits count, that of the message's size included."""
    aws = {
        "broker-url": "ssl://a.iot.eu-west-1.amazonaws.com:8883",
        **identity("2027-01-01", "2028-01-01"),
    }
    assert found(aws, largest=131_072) == ()
    assert brief(found(aws, largest=131_073)) == [("error", None)]


@pytest.mark.parametrize(("topic", "count"), [("", 1), ("meters/will", 0)])
def test_a_payload_without_its_topic_is_said(topic: str, count: int) -> None:
    """A Last Will's payload alone has no effect."""
    texts = {"last-will-topic": topic, "last-will-payload": "gone"}
    assert brief(found(texts)) == [("warning", "last-will-payload")] * count


@pytest.mark.parametrize(
    ("first", "last", "severities"),
    [
        ("2027-01-01", "2028-01-01", []),
        ("2027-06-15", "2028-01-01", []),
        ("2027-06-16", "2028-01-01", ["error"]),
        ("2027-01-01", "2027-06-14", ["error"]),
        ("2027-01-01", "2027-06-15", ["warning"]),
        ("2027-01-01", "2027-07-14", ["warning"]),
        ("2027-01-01", "2027-07-15", []),
    ],
)
def test_the_client_certificate_must_be_valid_now(
    first: str, last: str, severities: list[str]
) -> None:
    """Expired or not yet valid is an error, less than 30 days left a warning."""
    expected = [(severity, "client-certificate") for severity in severities]
    assert brief(found(identity(first, last))) == expected


def test_an_expired_certificate_above_the_clients_is_a_warning() -> None:
    """The broker may know the intermediate already; the unit's own certificate counts."""
    middle = dated("2027-01-01", "2027-03-01", "middle")
    unit = dated("2027-01-01", "2028-01-01", issuer=middle)
    texts = {"client-certificate": unit.pem + middle.pem, "client-private-key": unit.key_pem}
    (finding,) = found(texts)
    assert (finding.severity, finding.key) == ("warning", "client-certificate")
    assert finding.text.startswith("certificate 2 of 2 (")


@pytest.mark.parametrize(
    ("anchors", "severities"),
    [
        ([ROOT], []),
        ([OLD], ["error"]),
        ([NEXT], ["error"]),
        ([OLD, ROOT], ["warning"]),
        ([ROOT, NEXT], ["warning"]),
        ([OLD, NEXT], ["error", "error"]),
        ([dated("2027-01-01", "2027-06-20")], ["warning"]),
    ],
)
def test_one_anchor_must_be_valid_now(anchors: list[object], severities: list[str]) -> None:
    """A certificate out of its time matters where no other can vouch for the broker."""
    pem = "".join(getattr(each, "pem", "") for each in anchors)
    expected = [(severity, "broker-certificate") for severity in severities]
    assert brief(found({"broker-certificate": pem})) == expected


@pytest.mark.parametrize("now", [day("1970-01-01"), day("2026-10-31"), day("2046-11-01")])
def test_a_wrong_clock_is_said_once_and_refuses_nothing(now: datetime) -> None:
    """A unit that cannot know the date warns of its clock, and judges no certificate by it."""
    texts = {"broker-certificate": OLD.pem + NEXT.pem, **identity("2027-01-01", "2027-03-01")}
    (finding,) = found(texts, now)
    assert (finding.severity, finding.key) == ("warning", None)
    assert finding.text == clock_fault(now)


def test_the_clock_is_believed_from_the_release_on() -> None:
    """A unit cannot be older than its software, in whatever time zone the time is given."""
    release = datetime(RELEASED.year, RELEASED.month, RELEASED.day, tzinfo=UTC)
    assert clock_fault(release) is None
    assert clock_bounds() == (release, release.replace(year=release.year + LONGEST_SERVICE))
    assert clock_fault(clock_bounds()[1]) is not None
    assert clock_fault(release - timedelta(seconds=1)) is not None
    east = timezone(timedelta(hours=2))
    assert clock_fault(release.astimezone(east)) is None
    assert clock_fault(release.replace(tzinfo=east)) is not None


def test_a_refused_certificate_is_not_dated() -> None:
    """What is no certificate is refused once; nothing is said of its dates."""
    assert brief(found({"broker-certificate": "junk"})) == [("error", "broker-certificate")]


def test_nothing_of_a_secret_is_shown() -> None:
    """No finding repeats a part of the password or the key."""
    key = dated("2027-01-01", "2028-01-01").key_pem
    mark = "hunter2"
    findings = found({"client-password": f" {mark} ", "client-private-key": key})
    shown = " ".join(str(each) for each in findings)
    assert "client-password" in shown
    assert mark not in shown
    assert key.splitlines()[1] not in shown

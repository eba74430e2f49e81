from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.description import (
    COLUMNS,
    CertificateDescription,
    describe,
    describe_certificates,
    describe_key,
)
from appliance.parameters.refusal import Refused
from appliance.parameters.values import ParameterValues
from tests.appliance.parameters.credentials import (
    TRADITIONAL,
    block,
    ec_key,
    issue,
    key_pem,
    rsa_key,
)

ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True, key=rsa_key())
UNIT = issue("unit 7", MIDDLE)
NOW = datetime.now(UTC)


def description(
    subject: str = "CN=unit", not_before: datetime = NOW, not_after: datetime = NOW
) -> CertificateDescription:
    """A description with these details."""
    return CertificateDescription(
        subject, "CN=root", not_before, not_after, "EC P-256", "SHA256 " + ":".join(["AB"] * 32),
        "leaf",
    )  # fmt: skip


def test_each_certificate_is_described_in_order() -> None:
    """Names, dates, kind of key, fingerprint and role come from the certificate."""
    unit, middle, root = describe_certificates(UNIT.pem + MIDDLE.pem + ROOT.pem)
    assert (unit.subject, unit.issuer, unit.role) == ("CN=unit 7", "CN=middle", "leaf")
    assert (middle.subject, middle.issuer, middle.role) == ("CN=middle", "CN=root", "intermediate")
    assert (root.subject, root.issuer, root.role) == ("CN=root", "CN=root", "root")
    assert (unit.key_type, middle.key_type) == ("EC P-256", "RSA 2048")
    assert unit.not_after - unit.not_before == timedelta(days=10)
    assert unit.not_after.utcoffset() == timedelta(0)
    assert unit.fingerprint.startswith("SHA256 ")
    assert len(unit.fingerprint) == len("SHA256 ") + 32 * 3 - 1


def test_a_self_signed_unit_is_a_leaf() -> None:
    """Issuing oneself does not make a root; being an authority does."""
    assert [each.role for each in describe_certificates(issue("self").pem)] == ["leaf"]


@pytest.mark.parametrize(
    ("after", "days"),
    [
        (timedelta(days=1), 1),
        (timedelta(hours=23), 0),
        (timedelta(0), 0),
        (timedelta(hours=-1), -1),
        (timedelta(days=-2), -2),
    ],
)
def test_days_left_are_whole(after: timedelta, days: int) -> None:
    """Whole days are counted, and below zero once it has expired."""
    assert description(not_after=NOW + after).days_left(NOW) == days


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (timedelta(days=355_419), "973 years left"),
        (timedelta(days=1827), "5 years left"),
        (timedelta(days=1826), "1826 days left"),
    ],
)
def test_many_years_are_told_as_years(after: timedelta, left: str) -> None:
    """Nobody knows what some hundred thousand days are."""
    assert description(not_after=NOW + after).validity(NOW).endswith(f", {left}")


def test_the_lines_are_for_a_narrow_pane() -> None:
    """One certificate's lines, as they are shown."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    shown = description(not_before=start, not_after=datetime(2026, 3, 1, tzinfo=UTC))
    assert shown.lines(datetime(2026, 1, 31, tzinfo=UTC)) == (
        "CN=unit",
        "issued by CN=root",
        "leaf, EC P-256",
        "2026-01-01 to 2026-03-01, 29 days left",
        "SHA256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB",
        "       AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB",
        "       AB:AB:AB:AB:AB:AB:AB:AB",
    )
    assert shown.lines(datetime(2026, 2, 28, tzinfo=UTC))[3].endswith(", 1 day left")
    assert shown.lines(datetime(2025, 12, 31, tzinfo=UTC))[3].endswith(", not yet valid")
    assert shown.lines(datetime(2026, 3, 2, tzinfo=UTC))[3].endswith(", expired")


@given(st.text(max_size=150))
def test_no_line_is_too_wide(subject: str) -> None:
    """However long or wide the name, every line fits in the pane, and nothing is lost."""
    lines = description(subject).lines(NOW)
    assert all(len(line) <= COLUMNS for line in lines)
    assert "".join("".join(lines).split()).startswith("".join(subject.split()))
    assert all(len(line) <= COLUMNS // 2 for line in description("漢" * 60).lines(NOW)[:3])


def test_a_name_cannot_deceive() -> None:
    """Control characters and bidirectional overrides are shown as what they are: not printable."""
    (shown,) = describe_certificates(issue("a\u202eb\x1b[2Jc\nd\u2028e").pem)
    assert shown.subject.isprintable()
    assert shown.subject.count("\N{REPLACEMENT CHARACTER}") == 4
    assert all(line.isprintable() for line in shown.lines(NOW))


def test_a_long_name_is_cut() -> None:
    """A name of many parts ends with an ellipsis."""
    (shown,) = describe_certificates(issue("unit", issue("\\" * 64)).pem)
    assert len(shown.issuer) == 120
    assert shown.issuer.endswith("…")


@pytest.mark.parametrize("traditional", [False, True])
def test_a_key_is_described_by_its_kind(traditional: bool) -> None:
    """The kind of key is told, and whether the client certificate is for it; nothing else is."""
    pem = key_pem(UNIT.key, TRADITIONAL) if traditional else UNIT.key_pem
    chain = UNIT.pem + MIDDLE.pem
    assert describe_key(pem, chain) == ("EC P-256", "belongs to the client certificate")
    assert describe_key(pem, "") == ("EC P-256", "no client certificate to go with it")
    assert describe_key(key_pem(ec_key()), chain)[1] == "does not belong to client-certificate"
    assert describe_key(MIDDLE.key_pem, chain) == (
        "RSA 2048",
        "is the key of an issuer in",
        "client-certificate",
    )


def test_what_is_no_pem_is_refused() -> None:
    """Only what could be saved can be described."""
    with pytest.raises(Refused):
        describe_certificates("hello")
    with pytest.raises(Refused):
        describe_key("hello", "")


VALUES = ParameterValues(
    {
        "data-topic": "data",
        "broker-certificate": MIDDLE.pem + ROOT.pem,
        "client-certificate": UNIT.pem,
        "client-private-key": UNIT.key_pem,
    }
)


def test_every_pem_parameter_has_lines() -> None:
    """Certificates and key are described from the values; two certificates a line apart."""
    anchors = describe("broker-certificate", VALUES, NOW)
    assert anchors[0] == "CN=middle"
    assert anchors[anchors.index("") + 1] == "CN=root"
    assert describe("client-certificate", VALUES, NOW)[:2] == ("CN=unit 7", "issued by CN=middle")
    assert describe("client-private-key", VALUES, NOW)[1] == "belongs to the client certificate"


def test_anything_else_has_none() -> None:
    """Other parameters, and empty ones, have no lines."""
    assert describe("data-topic", VALUES, NOW) == ()
    assert describe("broker-certificate", ParameterValues(), NOW) == ()


def test_a_value_that_cannot_be_read_says_so() -> None:
    """A value from elsewhere that no field would take is described by what is wrong with it."""
    lines = describe("client-private-key", ParameterValues({"client-private-key": "hello"}), NOW)
    assert lines[0].startswith("no PEM found")
    assert all(len(line) <= COLUMNS for line in lines)


CERTIFICATE = issue("ed", ROOT, key=ed25519.Ed25519PrivateKey.generate())


@settings(deadline=None)  # no matter how slow the machine
@given(st.integers(0, len(CERTIFICATE.der) - 1), st.integers(0, 255))
def test_any_certificate_that_loads_is_described(place: int, byte: int) -> None:
    """With any byte changed a certificate is refused, or described in printable lines."""
    der = bytearray(CERTIFICATE.der)
    der[place] = byte
    try:
        (shown,) = describe_certificates(block("CERTIFICATE", bytes(der)))
    except Refused:
        return
    assert all(line.isprintable() and len(line) <= COLUMNS for line in shown.lines(NOW))

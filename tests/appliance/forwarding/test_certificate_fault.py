import re
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.forwarding.certificate_fault import Evidence, certificate_fault, shown, summary
from appliance.forwarding.tls_fault import Given
from appliance.forwarding.tls_link import LinkError, open_tls
from tests.support.faulty_servers import (
    HOST,
    Made,
    make,
    over_tls,
    server_context,
    serving,
    trusting,
)

TIMEOUT_S = 10.0

ROOT = make("Root", ca=True)
ISSUING = make("Issuing CA", ROOT, ca=True)
OTHER = make("Other Root", ca=True)
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"


def refused(*chain: Made, trusted: tuple[Made, ...] = (ROOT,), clock_is_wrong: bool = False) -> str:
    """What the unit says of a server that shows this chain; none `trusted`: the system's store."""
    context = trusting(*trusted)
    if not trusted:
        context.load_default_certs()
    given = Given("".join(anchor.pem for anchor in trusted), "", clock_is_wrong)
    with serving(over_tls(server_context(*chain))) as port, pytest.raises(LinkError) as failure:
        open_tls(HOST, port, context, TIMEOUT_S, given)
    return str(failure.value)


def date(moment: datetime) -> str:
    """As in the messages."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def test_an_expired_certificate() -> None:
    """Whose it is and when it expired; and what this unit takes for the time."""
    old = make("broker", ROOT, days=(-30, -1))
    end = date(old.certificate.not_valid_after_utc)
    assert re.fullmatch(
        rf"the certificate of broker\.localhost \(broker\) expired on {end} "
        rf"\(this unit's clock: {MOMENT}\): the broker's operator has to replace it",
        refused(old),
    )


def test_a_certificate_not_yet_valid() -> None:
    """Either the clock is to be corrected, or the certificate."""
    young = make("broker", ROOT, days=(2, 30))
    start = date(young.certificate.not_valid_before_utc)
    assert re.fullmatch(
        rf"the certificate of broker\.localhost \(broker\) is valid only from {start} on, and this "
        rf"unit's clock says {MOMENT}: check the clock \(NTP\); where it is right, the broker's "
        "operator has to replace it",
        refused(young),
    )


@pytest.mark.parametrize("days", [(2, 30), (-30, -2)])
def test_a_wrong_clock_is_the_culprit(days: tuple[int, int]) -> None:
    """No certificate is blamed for it (field fact: units without a clock battery)."""
    leaf = make("broker", ROOT, days=days)
    start, end = leaf.certificate.not_valid_before_utc, leaf.certificate.not_valid_after_utc
    assert re.fullmatch(
        rf"this unit's clock is wrong \({MOMENT}\), so the certificate of broker\.localhost "
        rf"\(broker\), valid from {date(start)} to {date(end)}, cannot be checked: "
        r"set the clock \(NTP\), then try again",
        refused(leaf, clock_is_wrong=True),
    )


def test_an_expired_intermediate() -> None:
    """The broker's own certificate is fine."""
    old = make("Issuing CA", ROOT, ca=True, days=(-30, -1))
    message = refused(make("broker", old), old)
    assert message.startswith(
        "the CA certificate Issuing CA that broker.localhost sends expired on "
    )


def test_an_expired_mqtt_broker_certificate() -> None:
    """What the technician entered has run out, not what the broker sends."""
    old = make("Old Root", ca=True, days=(-30, -1))
    message = refused(make("broker", old), trusted=(old, OTHER))
    assert message.startswith("the MQTT Broker Certificate (Old Root) expired on ")
    assert message.endswith(": enter the current one")


def test_a_certificate_for_other_names() -> None:
    """The first few are named."""
    assert refused(make("broker", ROOT, hosts=("mqtt.example.com", "192.0.2.7"))) == (
        "the certificate of broker.localhost is for mqtt.example.com, 192.0.2.7: check the host in "
        "the Broker URL, or have the broker's operator get a certificate for broker.localhost"
    )
    many = make("broker", ROOT, hosts=[f"{n}.example.com" for n in range(6)])
    assert "is for 0.example.com, 1.example.com, 2.example.com, 3.example.com and 2 more: " in (
        refused(many)
    )


def test_a_certificate_without_names() -> None:
    """The common name does not count (RFC 9525)."""
    assert refused(make(HOST, ROOT, hosts=())) == (
        "the certificate of broker.localhost names no host (it has no subjectAltName, and its "
        "subject broker.localhost does not count): the broker's operator has to replace it"
    )


def test_an_authority_that_is_not_the_configured_one() -> None:
    """Who issued it, and who is configured."""
    leaf = make("broker", ISSUING)
    assert refused(leaf, ISSUING, trusted=(OTHER,)) == (
        "the certificate of broker.localhost comes from Root, which is not the MQTT Broker "
        "Certificate (Other Root): enter the certificate of Root as MQTT Broker Certificate"
    )


def test_the_way_up_is_found_in_any_order() -> None:
    """The server may send others between."""
    lowest = make("Lowest CA", ISSUING, ca=True)
    chain = (make("broker", lowest), OTHER, ISSUING, lowest)
    message = refused(*chain, trusted=(make("Mine", ca=True),))
    assert "comes from Root, which is not the MQTT Broker Certificate (Mine)" in message


def test_an_authority_that_the_system_does_not_know() -> None:
    """No MQTT Broker Certificate is set."""
    assert refused(make("broker", ISSUING), ISSUING, trusted=()) == (
        "the certificate of broker.localhost comes from Root, which is not in this unit's system "
        "store: enter the certificate of Root as MQTT Broker Certificate"
    )


@pytest.mark.parametrize(
    ("trusted", "where"),
    [
        ((ROOT,), "the MQTT Broker Certificate (Root)"),
        ((), "in this unit's system store"),
    ],
)
def test_an_incomplete_chain(trusted: tuple[Made, ...], where: str) -> None:
    """The broker sends its own certificate alone, and an intermediate is between."""
    assert refused(make("broker", ISSUING), trusted=trusted) == (
        "the certificate of broker.localhost is issued by Issuing CA, which is neither sent by the "
        f"broker nor {where}: enter the certificate of Issuing CA as MQTT Broker Certificate, or "
        "have the broker's operator make it send the whole chain"
    )


@pytest.mark.parametrize(
    ("trusted", "where"),
    [
        ((ROOT,), "the MQTT Broker Certificate (Root)"),
        ((), "in this unit's system store"),
    ],
)
def test_a_self_signed_certificate(trusted: tuple[Made, ...], where: str) -> None:
    """It can be entered itself."""
    assert refused(make("broker"), trusted=trusted) == (
        f"the certificate of broker.localhost (broker) is self-signed, and not {where}: get it "
        "from the broker's operator and enter it as MQTT Broker Certificate"
    )


def test_an_authority_with_a_new_key() -> None:
    """The name alone would say that all is well."""
    assert refused(make("broker", make("Root", ca=True))) == (
        "the certificate of broker.localhost is issued by Root, but with another key than that of "
        "the MQTT Broker Certificate of this name: enter the current certificate of Root"
    )


def test_other_faults_are_told_in_openssl_words() -> None:
    """A CA certificate that may not be one."""
    not_a_ca = make("Not a CA", ROOT)
    message = refused(make("broker", not_a_ca), not_a_ca)
    assert message == (
        "the certificate of broker.localhost is not accepted (invalid CA certificate): check the "
        "MQTT Broker Certificate and the Broker URL, and ask the broker's operator"
    )


def test_without_a_second_look_there_are_still_words() -> None:
    """The server had gone by then."""
    message = certificate_fault(Evidence(HOST, (), ()), 10, "certificate has expired")
    assert message.startswith(
        "the certificate of broker.localhost is not accepted (certificate has expired): check"
    )


def test_a_certificate_replaced_between_the_looks() -> None:
    """The second one has nothing to blame."""
    leaf = make("broker", ROOT).certificate
    assert certificate_fault(Evidence(HOST, (leaf,), ()), 10, "") == (
        "the certificate of broker.localhost was out of date a moment ago: try again"
    )


def test_a_name_that_cannot_be_decoded_is_no_crash() -> None:
    """The far end chooses the bytes: here a UTF-8 string that is none."""
    good = make("brokeR").certificate.public_bytes(Encoding.DER)
    bad = x509.load_der_x509_certificate(good.replace(b"brokeR", b"brok\xff\xff"))
    assert "is not accepted (self-signed)" in certificate_fault(
        Evidence(HOST, (bad,), ()), 18, "self-signed"
    )
    assert summary(good.replace(b"brokeR", b"brok\xff\xff")) == "certificate accepted"


def test_hostile_names_are_made_harmless() -> None:
    """No escape codes, no right-to-left overrides, not without end."""
    name = "\x1b[31mevil\u202ereversed\u2028line"
    assert shown(name) == "[31mevilreversedline"
    assert shown("x" * 999) == "x" * 63 + "…"
    message = refused(make("\x1b]0;evil\u202e"))
    assert "(]0;evil)" in message
    assert message.isprintable()


def test_a_summary() -> None:
    """For a certificate that is fine."""
    leaf = make("broker", ROOT)
    with (
        serving(over_tls(server_context(leaf))) as port,
        open_tls(HOST, port, trusting(ROOT), TIMEOUT_S) as link,
    ):
        encoded = link.getpeercert(binary_form=True)
    end = date(leaf.certificate.not_valid_after_utc)
    assert summary(encoded or b"") == f"certificate of broker by Root, valid until {end}"

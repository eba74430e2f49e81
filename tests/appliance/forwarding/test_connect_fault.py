import ssl

import pytest

from appliance.forwarding.connect_fault import refusal, silence
from tests.support.certificates import Authority
from tests.support.configurations import configuration


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (1, "the broker does not speak MQTT 3.1.1: ask its operator (CONNACK 1)"),
        (2, "the broker refuses the MQTT Client ID: set one that it knows (CONNACK 2)"),
        (3, "the broker is unavailable: try later, or ask its operator (CONNACK 3)"),
        (4, "the broker refuses the MQTT Client Username or Password: correct them (CONNACK 4)"),
        (6, "the broker refuses the connection: ask its operator (CONNACK 6)"),
    ],
)
def test_return_codes(authority: Authority, code: int, message: str) -> None:
    """Those of MQTT 3.1.1, and one that it does not have; 5 is in test_rehearsal."""
    heard = bytes([0x20, 2, 0, code])
    assert refusal(configuration(8883, authority), heard, None) == message


def test_an_alert_that_is_not_about_the_certificate(authority: Authority) -> None:
    """It is told as it comes; those about the certificate are in test_rehearsal."""
    alert = ssl.SSLError("alert")
    for reason, spoken in (
        ("TLSV1_ALERT_INTERNAL_ERROR", "internal error"),
        (None, "no reason given"),
    ):
        alert.reason = reason  # type: ignore[assignment]
        assert refusal(configuration(8883, authority), b"", alert) == (
            f"broker.localhost ends TLS where MQTT begins ({spoken}): check the MQTT Client "
            "Certificate, and ask the broker's operator"
        )


@pytest.mark.parametrize("heard", [b"H", b"\x20\x03\x00\x00", b"\x20\x02"])
def test_what_is_not_a_connack(authority: Authority, heard: bytes) -> None:
    """Another packet, another length, or the beginning only."""
    assert refusal(configuration(8883, authority), heard, None) == (
        "port 8883 of broker.localhost speaks TLS but not MQTT: check the port in the Broker URL"
    )


def test_silence(authority: Authority) -> None:
    """The port is named."""
    assert silence(configuration(8883, authority)) == (
        "broker.localhost does not answer the MQTT CONNECT on port 8883: "
        "check the port in the Broker URL, and ask the broker's operator"
    )

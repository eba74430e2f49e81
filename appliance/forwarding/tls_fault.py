"""Why TLS with a broker fails, in a technician's words. No I/O.

A server says what it does not like by an alert (RFC 5246, 7.2; RFC 8446, 6). About the client's
certificate that comes within the handshake under TLS 1.2, and after it under TLS 1.3.
"""

import contextlib
import ssl
from dataclasses import dataclass

from cryptography import x509

from appliance.forwarding.certificate_fault import Evidence, certificate_fault
from appliance.forwarding.second_look import Seen

_ABOUT_THE_CLIENT = {
    "UNKNOWN_CA": "does not know the CA that issued the MQTT Client Certificate: enter one from a"
    " CA that it knows, with the intermediate certificates, or have this CA registered there",
    "CERTIFICATE_EXPIRED": "says that the MQTT Client Certificate is out of date: enter a current"
    " one with its MQTT Client Private Key; where it is current, the broker's clock is wrong",
    "CERTIFICATE_REVOKED": "says that the MQTT Client Certificate is revoked: enter another one"
    " with its MQTT Client Private Key",
    "UNSUPPORTED_CERTIFICATE": "cannot use a certificate of this kind as MQTT Client Certificate:"
    " its purpose has to be client authentication; ask the broker's operator which kind it takes",
}
_NOT_ACCEPTED = ("BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "ACCESS_DENIED", "CERTIFICATE_REQUIRED")
_OLD_VERSIONS = (b"\x16\x03\x00", b"\x16\x03\x01", b"\x16\x03\x02")  # a handshake record's start


@dataclass(frozen=True, slots=True)
class Given:
    """What the technician has set, as far as the words for a failure depend on it."""

    broker_certificate: str = ""  # PEM; "" = the system's store
    client_certificate: str = ""
    clock_is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Handshake:
    """A handshake that failed, and what a second look at the server saw."""

    host: str
    port: int
    given: Given
    newest: ssl.TLSVersion  # that this unit allows
    seen: Seen


def handshake_fault(handshake: Handshake, error: Exception) -> str:
    """One line: the cause, and what to look at."""
    host, given = handshake.host, handshake.given
    if isinstance(error, ssl.SSLCertVerificationError):
        evidence = Evidence(
            host, handshake.seen.chain, _anchors(given.broker_certificate), given.clock_is_wrong
        )
        return certificate_fault(evidence, error.verify_code, error.verify_message)
    if isinstance(error, TimeoutError):
        return (
            f"{host} accepts the connection on port {handshake.port} and then stays silent: "
            "check the port in the Broker URL (TLS is usually 8883), and ask the broker's operator"
        )
    reason = getattr(error, "reason", None) or ""
    return (
        _version_fault(handshake, reason)
        or _without_tls(handshake, reason)
        or client_certificate_fault(host, given, reason)
        or _unexplained(handshake, reason)
    )


def client_certificate_fault(host: str, given: Given, reason: str) -> str | None:
    """One line where an alert (ssl's reason for it) is about the client's certificate."""
    alert = reason.partition("_ALERT_")[2]
    if alert not in _ABOUT_THE_CLIENT and alert not in _NOT_ACCEPTED:
        return None
    if not given.client_certificate:
        return (
            f"{host} demands a client certificate, and none is set: "
            "enter MQTT Client Certificate and MQTT Client Private Key"
        )
    words = _ABOUT_THE_CLIENT.get(alert) or (
        f"does not accept the MQTT Client Certificate ({spoken(alert)}): "
        "check that it is the one registered with the broker"
    )
    return f"{host} {words}"


def _version_fault(handshake: Handshake, reason: str) -> str | None:
    host, seen = handshake.host, handshake.seen
    if seen.first_bytes[:3] in _OLD_VERSIONS or reason == "UNSUPPORTED_PROTOCOL":
        return (
            f"{host} speaks only TLS 1.1 or older, which is not safe any more: "
            "ask the broker's operator to allow TLS 1.2"
        )
    if not reason.endswith("_ALERT_PROTOCOL_VERSION"):
        return None
    if handshake.newest == ssl.TLSVersion.TLSv1_2:
        return (
            f"{host} speaks only TLS 1.3, and this unit is set up for TLS 1.2: ask the broker's "
            'operator to allow TLS 1.2, or set tls_maximum = "1.3" in the unit\'s settings file'
        )
    return f"{host} speaks neither TLS 1.2 nor TLS 1.3: ask the broker's operator"


def _without_tls(handshake: Handshake, reason: str) -> str | None:
    """What answers in something else than records of TLS (alert 21, handshake 22)."""
    start = handshake.seen.first_bytes
    records = not start or start[:1] in (b"\x15", b"\x16")
    if records and reason != "WRONG_VERSION_NUMBER":
        return None
    kinds = {b"HTTP/": "HTTP", b"\x20\x02": "MQTT", b"SSH-": "SSH"}
    found = next((kind for prefix, kind in kinds.items() if start.startswith(prefix)), None)
    return (
        f"port {handshake.port} of {handshake.host} answers "
        f"{f'in {found} without TLS' if found else 'in something else than TLS'}: "
        "check the port in the Broker URL (MQTT over TLS is usually 8883)"
    )


def _unexplained(handshake: Handshake, reason: str) -> str:
    """Where the server gives no reason, or a general one: how far it went says which it is."""
    host, port, seen = handshake.host, handshake.port, handshake.seen
    hung_up = not reason or reason == "UNEXPECTED_EOF_WHILE_READING"
    refused = hung_up or reason.endswith("_ALERT_HANDSHAKE_FAILURE")
    if refused and seen.chain and not seen.completed:
        # It had agreed to everything but the client's certificate, which came next.
        return str(client_certificate_fault(host, handshake.given, "_ALERT_CERTIFICATE_REQUIRED"))
    if hung_up and seen.completed:
        return (
            f"{host} closed the connection during the TLS handshake, and not at a second try: "
            "try again, and check the MQTT Client Certificate where it persists"
        )
    if hung_up:
        return (
            f"{host} closes the connection on port {port} when TLS begins: check the port in the "
            "Broker URL (MQTT without TLS is usually 1883, with TLS 8883)"
        )
    if refused:
        return (
            f"{host} and this unit have no TLS cipher in common ({spoken(reason)}): "
            "ask the broker's operator to allow ECDHE with AES-GCM"
        )
    if reason.endswith("UNRECOGNIZED_NAME"):
        return f"{host} says that this is not its name: check the host in the Broker URL"
    return (
        f"TLS with {host} port {port} fails ({spoken(reason)}): "
        "check the port in the Broker URL, and ask the broker's operator"
    )


def _anchors(broker_certificate: str) -> tuple[x509.Certificate, ...]:
    with contextlib.suppress(ValueError):  # load_pem… takes no empty text, either
        return tuple(x509.load_pem_x509_certificates(broker_certificate.encode()))
    return ()


def spoken(reason: str) -> str:
    """`ssl`'s reason in words, such as "bad certificate"."""
    words = reason.rpartition("_ALERT_")[2] or "no reason given"
    return words.replace("_", " ").lower()

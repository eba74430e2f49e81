import socket
import ssl
from pathlib import Path

import pytest

from appliance.forwarding.second_look import Seen
from appliance.forwarding.tls_fault import (
    Given,
    Handshake,
    client_certificate_fault,
    handshake_fault,
)
from appliance.forwarding.tls_link import LinkError, open_tls
from tests.support.certificates import Authority, Identity
from tests.support.faulty_servers import (
    HOST,
    Made,
    Serve,
    hanging_up,
    make,
    over_tls,
    saying,
    server_context,
    serving,
    trusting,
)
from tests.support.mosquitto import Mosquitto, free_port

TIMEOUT_S = 10.0
OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
TLS_1_2 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS_1_3 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)

ROOT = make("Root", ca=True)
BROKER = make("broker", ROOT)
CLIENTS = make("Clients", ca=True)
UNIT = make("unit", CLIENTS, hosts=())

NO_TLS = "check the port in the Broker URL (MQTT over TLS is usually 8883)"
DEMANDS = (
    "broker.localhost demands a client certificate, and none is set: "
    "enter MQTT Client Certificate and MQTT Client Private Key"
)


def failure(port: int, context: ssl.SSLContext, given: Given | None = None) -> str:
    """What the unit says of the server at this port."""
    with pytest.raises(LinkError) as error:
        open_tls(HOST, port, context, TIMEOUT_S, given)
    return str(error.value)


def refused(serve: Serve, client: Made | None = None, *, tls_1_3: bool = False) -> str:
    """What the unit, with this client certificate, says of such a server; # is its port."""
    given = Given(ROOT.pem, client.pem if client else "")
    with serving(serve) as port:
        message = failure(port, trusting(ROOT, client=client, tls_1_3=tls_1_3), given)
        return message.replace(str(port), "#")


def test_a_port_that_speaks_http() -> None:
    """A web server, without TLS."""
    assert refused(saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) == (
        f"port # of broker.localhost answers in HTTP without TLS: {NO_TLS}"
    )


def test_a_port_that_speaks_mqtt_without_tls() -> None:
    """A broker that refuses what it takes for a CONNECT."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x20\x02\x00\x01")

    assert refused(refuse) == (f"port # of broker.localhost answers in MQTT without TLS: {NO_TLS}")


def test_a_port_that_speaks_something_else() -> None:
    """Neither TLS nor anything known."""
    assert refused(saying(b"220 mail.example.com\r\n")) == (
        f"port # of broker.localhost answers in something else than TLS: {NO_TLS}"
    )


def test_the_plain_port_of_mosquitto(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """It closes without a word."""
    plain = free_port()
    options = [f"listener {plain} 127.0.0.1"]
    with Mosquitto(tmp_path, authority, broker_identity, options=options):
        assert failure(plain, authority.client_context()) == (
            f"broker.localhost closes the connection on port {plain} when TLS begins: check the "
            "port in the Broker URL (MQTT without TLS is usually 1883, with TLS 8883)"
        )


def test_a_port_that_hangs_up() -> None:
    """The same words, whoever it is."""
    assert refused(hanging_up).startswith("broker.localhost closes the connection on port # when")


def test_a_server_for_tls_1_3_only() -> None:
    """The unit's settings may allow it."""
    assert refused(over_tls(server_context(BROKER, versions=TLS_1_3))) == (
        "broker.localhost speaks only TLS 1.3, and this unit is set up for TLS 1.2: ask the "
        "broker's operator to allow TLS 1.2, or set tls_maximum = \"1.3\" in the unit's settings "
        "file"
    )


@pytest.mark.parametrize("tls_1_3", [False, True])
def test_a_server_for_old_tls_only(tls_1_3: bool) -> None:
    """Whatever this unit allows."""
    server = server_context(BROKER, versions=OLD, ciphers="ALL:@SECLEVEL=0")
    assert refused(over_tls(server), tls_1_3=tls_1_3) == (
        "broker.localhost speaks only TLS 1.1 or older, which is not safe any more: "
        "ask the broker's operator to allow TLS 1.2"
    )


def test_a_server_that_takes_none_of_our_versions() -> None:
    """An alert that a server for TLS 1.2 or 1.3 would not send."""
    handshake = Handshake(HOST, 8883, Given(), ssl.TLSVersion.TLSv1_3, Seen())
    error = ssl.SSLError("alert")
    error.reason = "TLSV1_ALERT_PROTOCOL_VERSION"
    assert handshake_fault(handshake, error) == (
        "broker.localhost speaks neither TLS 1.2 nor TLS 1.3: ask the broker's operator"
    )


def test_a_server_without_a_cipher_in_common() -> None:
    """It speaks TLS 1.2, with old ciphers."""
    server = server_context(BROKER, versions=TLS_1_2, ciphers="ECDHE-ECDSA-AES128-SHA")
    assert refused(over_tls(server)) == (
        "broker.localhost and this unit have no TLS cipher in common (handshake failure): "
        "ask the broker's operator to allow ECDHE with AES-GCM"
    )


def test_a_server_that_does_not_know_its_name() -> None:
    """Several hosts may share an address (SNI)."""
    server = server_context(BROKER)
    server.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    assert refused(over_tls(server)) == (
        "broker.localhost says that this is not its name: check the host in the Broker URL"
    )


def test_any_other_alert_is_told_as_it_comes() -> None:
    """The server has an internal error."""
    server = server_context(BROKER)
    server.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
    assert refused(over_tls(server)) == (
        "TLS with broker.localhost port # fails (internal error): check the port in the Broker "
        "URL, and ask the broker's operator"
    )


def test_a_client_certificate_is_demanded() -> None:
    """Under TLS 1.2 the alert is only "handshake failure", as for a missing cipher."""
    assert refused(over_tls(server_context(BROKER, clients=CLIENTS))) == DEMANDS


def test_mosquitto_demands_a_client_certificate(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """The real broker does the same."""
    with Mosquitto(tmp_path, authority, broker_identity, require_certificate=True) as broker:
        context = authority.client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert failure(broker.port, context) == DEMANDS


def test_a_client_certificate_of_an_unknown_authority() -> None:
    """The CA that issued it is the thing to look at."""
    stranger = make("unit", make("Strangers", ca=True), hosts=())
    assert refused(over_tls(server_context(BROKER, clients=CLIENTS)), stranger) == (
        "broker.localhost does not know the CA that issued the MQTT Client Certificate: enter one "
        "from a CA that it knows, with the intermediate certificates, or have this CA registered "
        "there"
    )


def test_a_client_certificate_out_of_date() -> None:
    """By the broker's clock, at least."""
    old = make("unit", CLIENTS, hosts=(), days=(-30, -1))
    assert refused(over_tls(server_context(BROKER, clients=CLIENTS)), old) == (
        "broker.localhost says that the MQTT Client Certificate is out of date: enter a current "
        "one with its MQTT Client Private Key; where it is current, the broker's clock is wrong"
    )


def test_a_server_that_drops_a_client_without_a_certificate_wordlessly() -> None:
    """After its own certificate it expects the client's, and cuts the line instead."""

    def serve(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server_context(BROKER, clients=CLIENTS).wrap_bio(incoming, outgoing, True)
        incoming.write(connection.recv(4096))
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        connection.sendall(outgoing.read())
        connection.recv(1)

    assert refused(serve) == DEMANDS


@pytest.mark.parametrize(
    ("alert", "message"),
    [
        ("SSLV3_ALERT_CERTIFICATE_REVOKED", "says that the MQTT Client Certificate is revoked: "),
        (
            "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
            "cannot use a certificate of this kind as MQTT Client Certificate: ",
        ),
        (
            "SSLV3_ALERT_BAD_CERTIFICATE",
            "does not accept the MQTT Client Certificate (bad certificate): ",
        ),
    ],
)
def test_alerts_about_the_client_certificate(alert: str, message: str) -> None:
    """Those that Python's own server cannot be made to send."""
    told = client_certificate_fault(HOST, Given("", UNIT.pem), alert)
    assert told is not None
    assert told.startswith(f"broker.localhost {message}")
    assert client_certificate_fault(HOST, Given(), alert) == DEMANDS


def test_an_alert_about_something_else() -> None:
    """Is for others to explain."""
    assert client_certificate_fault(HOST, Given(), "TLSV1_ALERT_INTERNAL_ERROR") is None


def test_a_server_that_hangs_up_only_once() -> None:
    """The second look went well: the fault may pass."""
    handshake = Handshake(HOST, 8883, Given(), ssl.TLSVersion.TLSv1_2, Seen(completed=True))
    assert handshake_fault(handshake, ConnectionResetError()) == (
        "broker.localhost closed the connection during the TLS handshake, and not at a second try: "
        "try again, and check the MQTT Client Certificate where it persists"
    )

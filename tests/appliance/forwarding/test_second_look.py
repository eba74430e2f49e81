import socket
import threading
import time

import pytest

from appliance.forwarding.second_look import Seen, _set_deadline, look
from tests.support.faulty_servers import (
    HOST,
    Serve,
    black_hole,
    closed_port,
    make,
    over_tls,
    saying,
    server_context,
    serving,
    silent,
    trusting,
)

TIMEOUT_S = 10.0
AT_ONCE_S = 0.2

ROOT = make("Root", ca=True)
ISSUING = make("Issuing CA", ROOT, ca=True)
BROKER = make("broker", ISSUING)


def seen(port: int, timeout: float = TIMEOUT_S, *, tls_1_3: bool = False) -> Seen:
    """What a look at the port shows."""
    return look(("127.0.0.1", port), HOST, trusting(tls_1_3=tls_1_3), timeout)


@pytest.mark.parametrize("tls_1_3", [False, True])
def test_the_chain_is_seen_as_it_is_sent(tls_1_3: bool) -> None:
    """Trusted or not; its own certificate first."""
    with serving(over_tls(server_context(BROKER, ISSUING))) as port:
        what = seen(port, tls_1_3=tls_1_3)
    assert what.chain == (BROKER.certificate, ISSUING.certificate)
    assert what.completed
    assert what.first_bytes.startswith(b"\x16\x03\x03")


def test_the_chain_is_seen_where_the_handshake_fails_later() -> None:
    """The server demands a client certificate, and gets none here."""
    with serving(over_tls(server_context(BROKER, ISSUING, clients=ROOT))) as port:
        what = seen(port)
    assert what.chain == (BROKER.certificate, ISSUING.certificate)
    assert not what.completed


def test_the_name_is_asked_for() -> None:
    """Hosts that share an address have different certificates."""
    names: list[str | None] = []
    server = server_context(BROKER)
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    with serving(over_tls(server)) as port:
        seen(port)
    assert names == [HOST]


def test_what_is_not_tls_is_seen_too() -> None:
    """Its beginning, that is."""
    with serving(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert seen(port) == Seen(b"HTTP/1.1 400 Bad")


@pytest.mark.parametrize("server", [silent, saying(b"")])
def test_a_silent_server_is_not_waited_for(server: Serve) -> None:
    """Nothing is seen."""
    with serving(server) as port:
        began = time.monotonic()
        assert seen(port, AT_ONCE_S) == Seen()
        assert time.monotonic() - began < 20 * AT_ONCE_S


def test_a_trickle_is_bounded_as_a_whole() -> None:
    """Each byte comes in time, and the last one never."""
    left = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x16\x03\x03\x40\x00")
        while not left.wait(AT_ONCE_S / 10):
            connection.sendall(b"\x00")

    with serving(trickle) as port:
        assert seen(port, AT_ONCE_S).chain == ()
        left.set()


def test_who_cannot_be_reached_is_not_seen() -> None:
    """Neither a closed nor a filtered port."""
    assert seen(closed_port()) == Seen()
    with black_hole() as port:
        assert seen(port, AT_ONCE_S) == Seen()


def test_what_is_not_x509_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL takes what cryptography does not: there is nothing to describe then."""

    def refuse(_: bytes) -> None:
        raise ValueError("not to my taste")

    monkeypatch.setattr("cryptography.x509.load_der_x509_certificate", refuse)
    with serving(over_tls(server_context(BROKER))) as port:
        what = seen(port)
    assert what.completed
    assert what.chain == ()


def test_no_time_left_is_a_timeout() -> None:
    """A socket would take a negative one for a programming error."""
    with socket.socket() as connection, pytest.raises(TimeoutError):
        _set_deadline(connection, time.monotonic() - 1)

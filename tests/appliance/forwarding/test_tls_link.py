import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from appliance.forwarding.tls_fault import Given
from appliance.forwarding.tls_link import LinkError, connect, open_tls, resolve, secure
from tests.support.faulty_servers import (
    HOST,
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
AT_ONCE_S = 0.2  # for what never comes

ROOT = make("Root", ca=True)
BROKER = make("broker", ROOT)


def told(work: Callable[[], object]) -> str:
    """The line that `work` fails with."""
    with pytest.raises(LinkError) as failure:
        work()
    return str(failure.value)


def failing_lookup(code: int) -> Callable[..., list[tuple[object, ...]]]:
    """A resolver that answers with this code of getaddrinfo."""

    def lookup(*_: object, **__: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(code, "in the words of the C library")

    return lookup


def test_names_under_localhost_are_the_loopback_address() -> None:
    """No query is made for them, and the certificate is checked against the name."""
    with serving(over_tls(server_context(BROKER))) as port:
        link = open_tls(HOST, port, trusting(ROOT), TIMEOUT_S)
        with closing(link):
            assert link.getpeername() == ("127.0.0.1", port)
            assert link.server_hostname == HOST
            assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_both_loopback_addresses_are_tried() -> None:
    """Of a name under .localhost."""
    assert resolve(HOST, 8883) == ["127.0.0.1", "::1"]


def test_an_address_that_refuses_leaves_the_turn_to_the_next() -> None:
    """Nobody listens at 127.0.0.2."""
    with serving(silent) as port:
        connection = connect(HOST, port, ["127.0.0.2", "127.0.0.1"], TIMEOUT_S)
        with closing(connection):
            assert connection.getpeername() == ("127.0.0.1", port)


def test_a_name_that_does_not_exist() -> None:
    """.invalid never resolves (RFC 6761); the real resolver says so."""
    message = told(lambda: open_tls("broker.invalid", 8883, trusting(ROOT), TIMEOUT_S))
    assert message == (
        "the name broker.invalid does not exist: check the host in the Broker URL; "
        "where it is right, this unit's DNS server does not know it"
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            socket.EAI_AGAIN,
            (
                "the name broker.example.com cannot be looked up, because DNS does not answer: "
                "check this unit's network and its DNS server"
            ),
        ),
        (
            socket.EAI_NODATA,
            (
                "the name broker.example.com exists but has no address: check the host in the "
                "Broker URL, and ask the broker's operator"
            ),
        ),
        (
            socket.EAI_FAIL,
            (
                "the name broker.example.com cannot be looked up (in the words of the C library): "
                "check the host in the Broker URL, and this unit's DNS server"
            ),
        ),
    ],
)
def test_the_resolver_has_other_reasons(code: int, message: str) -> None:
    """A DNS server that does not answer is no misspelt name."""
    assert told(lambda: resolve("broker.example.com", 8883, failing_lookup(code))) == message


def test_a_closed_port() -> None:
    """Nobody listens there."""
    port = closed_port()
    assert told(lambda: open_tls(HOST, port, trusting(ROOT), TIMEOUT_S)) == (
        f"broker.localhost refuses connections on port {port}: check the port in the Broker URL, "
        "and that the broker is running"
    )


def test_a_filtered_port() -> None:
    """Nothing comes back; all addresses together take no longer than they may."""
    began = time.monotonic()
    with black_hole() as port:
        addresses = ["127.0.0.1"] * 100
        assert told(lambda: connect(HOST, port, addresses, AT_ONCE_S)) == (
            f"broker.localhost does not answer on port {port}: check the port in the Broker URL, "
            "this unit's network, and firewalls on the way"
        )
    assert time.monotonic() - began < 50 * AT_ONCE_S


def test_an_address_out_of_reach() -> None:
    """The broadcast address takes no TCP connection."""
    assert told(lambda: connect(HOST, 8883, ["255.255.255.255"], TIMEOUT_S)) == (
        "broker.localhost port 8883 cannot be reached (Network is unreachable): "
        "check this unit's network"
    )


def test_what_an_address_says_counts_more_than_one_out_of_reach() -> None:
    """A name may have addresses of a kind that this unit's network does not carry."""
    port = closed_port()
    message = told(lambda: connect(HOST, port, ["255.255.255.255", "127.0.0.1"], TIMEOUT_S))
    assert "refuses connections" in message


def test_a_name_without_addresses() -> None:
    """There is nothing to try."""
    assert "cannot be reached (no address)" in told(lambda: connect(HOST, 8883, [], TIMEOUT_S))


def test_a_silent_port() -> None:
    """It accepts and says nothing: the wait is bounded, and there is no second look."""
    with serving(silent) as port:
        assert told(lambda: open_tls(HOST, port, trusting(ROOT), AT_ONCE_S)) == (
            f"broker.localhost accepts the connection on port {port} and then stays silent: check "
            "the port in the Broker URL (TLS is usually 8883), and ask the broker's operator"
        )


def test_a_handshake_that_only_trickles_is_bounded_as_a_whole() -> None:
    """Each byte comes in time, and the last one never."""
    left = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16,384 bytes
        while not left.wait(AT_ONCE_S / 10):
            connection.sendall(b"\x00")

    with serving(trickle) as port:
        assert "stays silent" in told(lambda: open_tls(HOST, port, trusting(ROOT), AT_ONCE_S))
        left.set()


def test_a_connection_that_failed_is_closed() -> None:
    """An open socket would be a warning, and warnings are errors."""
    with serving(saying(b"not TLS")) as port:
        plain = connect(HOST, port, ["127.0.0.1"], TIMEOUT_S)
        told(lambda: secure(plain, HOST, port, trusting(ROOT), TIMEOUT_S, Given()))
        assert plain.fileno() == -1


def test_a_connection_gone_before_tls() -> None:
    """The far end has reset it in the meantime."""
    with serving(silent) as port:
        plain = socket.socket()
        assert "closes the connection" in told(
            lambda: secure(plain, HOST, port, trusting(ROOT), TIMEOUT_S, Given())
        )
        assert plain.fileno() == -1

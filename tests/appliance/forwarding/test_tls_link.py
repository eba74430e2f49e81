import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.forwarding.tls_link import LinkError, open_tls, resolve
from tests.support.certificates import Authority, Identity

TIMEOUT_S = 10.0


@contextmanager
def listening(serve: Callable[[socket.socket], object] | None = None) -> Iterator[int]:
    """A port of 127.0.0.1; `serve` gets the first connection, on a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(TIMEOUT_S)

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(TIMEOUT_S)
                if serve:
                    serve(connection)

        thread = threading.Thread(target=accept)
        if serve:
            thread.start()
        yield server.getsockname()[1]
        if serve:
            thread.join()


def tls(identity: Identity) -> Callable[[socket.socket], None]:
    """Serves TLS with `identity`, until the client leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate_path, identity.key_path)

    def serve(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            pass  # the client did not like what it saw

    return serve


def test_names_under_localhost_are_the_loopback_address(
    authority: Authority, broker_identity: Identity
) -> None:
    """No query is made for them, and the certificate is checked against the name."""
    with listening(tls(broker_identity)) as port:
        link = open_tls("broker.localhost", port, authority.client_context(), TIMEOUT_S)
        with closing(link):
            assert link.getpeername() == ("127.0.0.1", port)
            assert link.server_hostname == "broker.localhost"
            assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_addresses_are_tried_in_turn() -> None:
    """Both loopback addresses belong to a name under .localhost."""
    assert resolve("broker.localhost", 8883) == ["127.0.0.1", "::1"]


def test_an_unknown_name_is_named() -> None:
    """.invalid never resolves (RFC 6761)."""
    with pytest.raises(LinkError, match=r"name broker.invalid cannot be resolved: check"):
        open_tls("broker.invalid", 8883, ssl.create_default_context(), TIMEOUT_S)


def test_a_closed_port_is_named() -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(LinkError, match=f"refuses connections on port {port}: check the port"):
        open_tls("broker.localhost", port, ssl.create_default_context(), TIMEOUT_S)


def test_a_silent_port_is_named() -> None:
    """It accepts and says nothing: the wait is bounded."""
    with listening() as port, pytest.raises(LinkError, match="does not answer the TLS handshake"):
        open_tls("broker.localhost", port, ssl.create_default_context(), 0.1)


def test_a_port_without_tls_is_named() -> None:
    """It answers something else."""
    plain = listening(lambda connection: connection.sendall(b"220 hello, I am not TLS\r\n" * 9))
    with plain as port, pytest.raises(LinkError, match=r"TLS with .* failed \(wrong version"):
        open_tls("broker.localhost", port, ssl.create_default_context(), TIMEOUT_S)


def test_a_port_that_hangs_up_is_named() -> None:
    """It closes the connection at once."""
    with (
        listening(lambda connection: connection.recv(1)) as port,
        pytest.raises(LinkError, match=r"closed the connection|failed \(unexpected eof"),
    ):
        open_tls("broker.localhost", port, ssl.create_default_context(), TIMEOUT_S)


def test_a_certificate_of_another_authority_is_refused(
    tmp_path: Path, broker_identity: Identity
) -> None:
    """The message points at the parameter to look at."""
    stranger = Authority(tmp_path)
    with (
        listening(tls(broker_identity)) as port,
        pytest.raises(LinkError, match=r"not accepted .*: check the MQTT Broker Certificate"),
    ):
        open_tls("broker.localhost", port, stranger.client_context(), TIMEOUT_S)


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    """The name in the URL is what counts."""
    with (
        listening(tls(authority.server("other.localhost"))) as port,
        pytest.raises(LinkError, match=r"certificate of broker\.localhost is not accepted"),
    ):
        open_tls("broker.localhost", port, authority.client_context(), TIMEOUT_S)

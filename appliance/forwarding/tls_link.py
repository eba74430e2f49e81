"""A TLS connection to the broker, made step by step so that each step can say what failed.

Everything here blocks and belongs on a thread of its own: name resolution has no bound of its own,
and the handshake waits for the far end.
"""

import socket
import ssl

_LOOPBACK = ("127.0.0.1", "::1")


class LinkError(Exception):
    """One line: which step towards the broker failed, why, and what to look at."""


def open_tls(host: str, port: int, context: ssl.SSLContext, timeout: float) -> ssl.SSLSocket:
    """A verified TLS connection to `host`, SNI included; `timeout` in seconds bounds each wait.

    Raises LinkError.
    """
    plain = _connect(host, port, timeout)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError) as error:
        plain.close()
        raise LinkError(_handshake_failure(host, port, error)) from error


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`; names under .localhost are the loopback's (RFC 6761).

    Raises LinkError.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return list(_LOOPBACK)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        advice = "check the broker URL, and the unit's network and DNS"
        raise LinkError(f"the name {host} cannot be resolved: {advice}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    failure: OSError | None = None
    for address in resolve(host, port):
        try:
            connection = socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = failure or error
        else:
            # A frame is a small message that must not wait for the last one's acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise LinkError(_connect_failure(host, port, failure)) from failure


def _connect_failure(host: str, port: int, error: OSError | None) -> str:
    if isinstance(error, ConnectionRefusedError):
        return f"{host} refuses connections on port {port}: check the port, and that it is running"
    if isinstance(error, TimeoutError):
        return f"{host} does not answer on port {port}: check the network, and firewalls on the way"
    reason = error.strerror if error else "no address"
    return f"{host} port {port} cannot be reached ({reason}): check the unit's network"


def _handshake_failure(host: str, port: int, error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {host} is not accepted ({error.verify_message}): "
            "check the MQTT Broker Certificate and the broker URL"
        )
    if isinstance(error, TimeoutError):
        return f"{host} port {port} does not answer the TLS handshake: is this the TLS port?"
    if isinstance(error, ssl.SSLError) and error.reason:
        reason = error.reason.replace("_", " ").lower()
        return f"TLS with {host} port {port} failed ({reason}): check the port and certificates"
    return f"{host} port {port} closed the connection during the TLS handshake: check the port"

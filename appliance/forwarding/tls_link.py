"""A TLS connection to the broker, made step by step so that each step can say what failed.

Everything here blocks and belongs on a thread of its own: name resolution has no bound of its own,
and the handshake waits for the far end.
"""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

from appliance.forwarding.second_look import LOOK_TIMEOUT_S, Seen, look
from appliance.forwarding.tls_fault import Given, Handshake, handshake_fault

_LOOPBACK = ("127.0.0.1", "::1")

Lookup = Callable[..., Sequence[tuple[Any, ...]]]  # as socket.getaddrinfo


class LinkError(Exception):
    """One line: which step towards the broker failed, why, and what to look at."""


def open_tls(
    host: str, port: int, context: ssl.SSLContext, timeout: float, given: Given | None = None
) -> ssl.SSLSocket:
    """A verified TLS connection to `host`, SNI included.

    `timeout` in seconds bounds each of TCP and TLS; `given` is for the words of a failure. Raises
    LinkError.
    """
    plain = connect(host, port, resolve(host, port), timeout)
    return secure(plain, host, port, context, timeout, given or Given())


def resolve(host: str, port: int, lookup: Lookup = socket.getaddrinfo) -> list[str]:
    """The addresses of `host`; names under .localhost are the loopback's (RFC 6761).

    Without a bound of its own. Raises LinkError.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return list(_LOOPBACK)
    try:
        found = lookup(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LinkError(_lookup_failure(host, error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect(host: str, port: int, addresses: Sequence[str], timeout: float) -> socket.socket:
    """A TCP connection to the first of the addresses that takes one, `timeout` s for them all.

    Raises LinkError.
    """
    failure: OSError | None = None
    deadline = time.monotonic() + timeout
    for tried, address in enumerate(addresses):
        # An equal share: what one leaves over, being refused at once, is for the others.
        share = (deadline - time.monotonic()) / (len(addresses) - tried)
        try:
            connection = socket.create_connection((address, port), max(share, 0.001))
        except OSError as error:
            if not isinstance(failure, ConnectionRefusedError | TimeoutError):
                failure = error  # the most telling one: a name may have addresses of no use here
        else:
            # A frame is a small message that must not wait for the last one's acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise LinkError(_connect_failure(host, port, failure)) from failure


def secure(
    plain: socket.socket,
    host: str,
    port: int,
    context: ssl.SSLContext,
    timeout: float,
    given: Given,
    look_timeout: float = LOOK_TIMEOUT_S,
) -> ssl.SSLSocket:
    """The verified TLS connection on `plain`, which is closed where it fails. Raises LinkError.

    `timeout` in seconds bounds the handshake; where that fails but by silence, a second look, for
    at most `look_timeout`, tells why.
    """
    seen = Seen()
    try:
        address = plain.getpeername()[:2]
        plain.settimeout(timeout)
        # An end of the line is to be told from one that the far end has announced.
        return context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False)
    except (OSError, ValueError) as error:
        plain.close()
        if isinstance(error, ssl.SSLError | ConnectionError):
            seen = look(address, host, context, look_timeout)
        handshake = Handshake(host, port, given, context.maximum_version, seen)
        raise LinkError(handshake_fault(handshake, error)) from error


def no_dns(host: str) -> str:
    """One line where nobody answers for the name."""
    return (
        f"the name {host} cannot be looked up, because DNS does not answer: "
        "check this unit's network and its DNS server"
    )


def _lookup_failure(host: str, error: Exception) -> str:
    code = error.errno if isinstance(error, socket.gaierror) else None
    if code == socket.EAI_AGAIN:
        return no_dns(host)
    if code == socket.EAI_NODATA:
        return (
            f"the name {host} exists but has no address: check the host in the Broker URL, "
            "and ask the broker's operator"
        )
    if code == socket.EAI_NONAME:
        return (
            f"the name {host} does not exist: check the host in the Broker URL; "
            "where it is right, this unit's DNS server does not know it"
        )
    reason = getattr(error, "strerror", None) or "not a name"
    return (
        f"the name {host} cannot be looked up ({reason}): check the host in the Broker URL, and "
        "this unit's DNS server"
    )


def _connect_failure(host: str, port: int, error: OSError | None) -> str:
    if isinstance(error, ConnectionRefusedError):
        return (
            f"{host} refuses connections on port {port}: check the port in the Broker URL, and "
            "that the broker is running"
        )
    if isinstance(error, TimeoutError):
        return (
            f"{host} does not answer on port {port}: check the port in the Broker URL, this "
            "unit's network, and firewalls on the way"
        )
    reason = error.strerror if error else "no address"
    return f"{host} port {port} cannot be reached ({reason}): check this unit's network"

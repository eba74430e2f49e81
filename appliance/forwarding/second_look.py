"""A second, unverified look at a server with which TLS has failed, only to describe what is there.

`ssl` keeps the server's certificates to itself when it has not accepted them. Nothing of the
unit's goes over this connection: no client certificate, no MQTT. It blocks.
"""

import contextlib
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from typing import Any

from cryptography import x509

LOOK_TIMEOUT_S = 3.0  # for all of it; a server that has just failed is not waited for long
_MAX_CERTIFICATES = 10  # more than any chain in use; the far end chooses how many it sends
_BUFFER_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server showed; empty where it showed nothing."""

    first_bytes: bytes = b""
    chain: tuple[x509.Certificate, ...] = ()  # as sent: its own certificate first
    completed: bool = False  # the handshake, with no client certificate and with any cipher


def look(
    address: tuple[str, int], host: str, context: ssl.SSLContext, timeout: float = LOOK_TIMEOUT_S
) -> Seen:
    """What answers at `address` to a TLS client as new as `context`; `timeout` s bounds it all."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = _unverified(context.maximum_version).wrap_bio(incoming, outgoing, server_hostname=host)
    first_bytes, completed = b"", False
    deadline = time.monotonic() + timeout
    with contextlib.suppress(OSError), socket.create_connection(address, timeout) as connection:
        while not completed:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                completed = True
            _set_deadline(connection, deadline)
            connection.sendall(outgoing.read())
            if completed or not (data := connection.recv(_BUFFER_BYTES)):
                break
            first_bytes = first_bytes or data[:16]
            incoming.write(data)
    return Seen(first_bytes, _chain(tls), completed)


def _unverified(maximum: ssl.TLSVersion) -> ssl.SSLContext:
    """Takes any certificate and any old version or cipher: a server is to be told by its faults."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = maximum
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _set_deadline(connection: socket.socket, deadline: float) -> None:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    connection.settimeout(remaining)


def _chain(tls: ssl.SSLObject) -> tuple[x509.Certificate, ...]:
    chain = []
    for encoded in _sent(tls)[:_MAX_CERTIFICATES]:
        with contextlib.suppress(ValueError):  # not X.509 after all: nothing to describe
            chain.append(x509.load_der_x509_certificate(encoded))
    return tuple(chain)


def _sent(tls: Any) -> list[bytes]:
    if sys.version_info >= (3, 13):
        return list(tls.get_unverified_chain())
    # Before Python 3.13 only the object below has them.
    sent = tls._sslobj.get_unverified_chain() or ()  # noqa: SLF001
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in sent]

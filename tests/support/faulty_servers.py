"""Servers that are not what a client of an MQTT broker over TLS hopes for, and their certificates.

Each listens on a free port of 127.0.0.1 and serves every connection on a thread. Certificates are
made in the run, with names that can be read in a message.
"""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from appliance.parameters.tls_material import client_side, identify, trust

HOST = "broker.localhost"
PATIENCE_S = 10.0  # a client of a test is gone long before
PENDING = 4  # connections; more than a backlog of 0 holds

Serve = Callable[[socket.socket], object]


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate made here, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The private key, PKCS#8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def make(
    name: str,
    by: Made | None = None,
    *,
    hosts: Sequence[str] = (HOST,),
    days: tuple[float, float] = (-1, 365),
    ca: bool = False,
) -> Made:
    """A certificate with `name` as common name, issued `by` another (None: by itself).

    It is valid from the first of `days` to the second, counted from now; `hosts` are DNS names or
    IP addresses, and an authority has none.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer = by.key if by else key
    start, end = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(each) for each in days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
        )
    )
    if hosts and not ca:
        alternatives = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(alternatives, critical=False)
    return Made(builder.sign(signer, hashes.SHA256()), key)


def server_context(
    *chain: Made,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] | None = None,
    clients: Made | None = None,
    ciphers: str = "",
) -> ssl.SSLContext:
    """A server with this chain, leaf first; with `clients` it demands a certificate by that one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identify(context, "".join(made.pem for made in chain), chain[0].key_pem)
    if ciphers:
        context.set_ciphers(ciphers)
    if versions:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions: that is the fault
            context.minimum_version, context.maximum_version = versions
    if clients:
        trust(context, clients.pem)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def trusting(*anchors: Made, client: Made | None = None, tls_1_3: bool = False) -> ssl.SSLContext:
    """The unit's own kind of context, with these as MQTT Broker Certificate."""
    context = client_side()
    newest = ssl.TLSVersion.TLSv1_3 if tls_1_3 else ssl.TLSVersion.TLSv1_2
    context.maximum_version = newest
    if anchors:
        trust(context, "".join(anchor.pem for anchor in anchors))
    if client:
        identify(context, client.pem, client.key_pem)
    return context


@contextlib.contextmanager
def serving(serve: Serve) -> Iterator[int]:
    """A port where each connection gets `serve`; connections still open are cut at the end."""
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def attend(connection: socket.socket) -> None:
            with contextlib.suppress(OSError):  # the client does not like what it sees, and goes
                serve(connection)
            _cut(connection)

        def accept() -> None:
            with contextlib.suppress(OSError):  # shut down below
                while True:
                    connection, _ = server.accept()
                    connection.settimeout(PATIENCE_S)
                    connections.append(connection)
                    threads.append(threading.Thread(target=attend, args=(connection,)))
                    threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)  # wakes accept, which a mere close does not
            acceptor.join()
            for connection, thread in zip(connections, threads, strict=True):
                _cut(connection)
                thread.join()
                connection.close()


def over_tls(context: ssl.SSLContext, then: Serve | None = None) -> Serve:
    """Makes the handshake, then waits for the client to leave, or does what it is told."""

    def serve(connection: socket.socket) -> None:
        # On a duplicate: `serving` cuts the connection itself.
        with context.wrap_socket(connection.dup(), server_side=True) as secured:
            (then or _wait_for_the_end)(secured)

    return serve


def silent(connection: socket.socket) -> None:
    """Takes what comes and says nothing."""
    _wait_for_the_end(connection)


def hanging_up(connection: socket.socket) -> None:
    """Closes as soon as the client has said something."""
    connection.recv(1)


def saying(answer: bytes) -> Serve:
    """Answers the first that comes with these bytes, then waits for the client to leave."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)
        _wait_for_the_end(connection)

    return serve


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port that takes no connection and refuses none, as behind a firewall that drops.

    Its queue of connections to accept is full, and Linux drops what comes on top.
    """
    with contextlib.ExitStack() as pending, socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(PENDING):
            client = pending.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def _wait_for_the_end(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # cut already
        connection.shutdown(socket.SHUT_RDWR)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)

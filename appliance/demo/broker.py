"""The demo's MQTT broker: amqtt over TLS on the loopback address, in a thread of its own.

amqtt runs on an event loop of that thread, so it never holds the unit's. Its connections are
accepted here and handed to it, as it allows for: the TLS context, both loopback addresses and a
prompt end are then ours.
"""

import asyncio
import errno
import logging
import socket
import ssl
import threading
from concurrent.futures import Future
from pathlib import Path

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

from appliance.demo.error import DemoError

logger = logging.getLogger(__name__)

START_WITHIN_S = 10
HANDSHAKE_WITHIN_S = 10
GOODBYE_WITHIN_S = 1  # how long a client may take to answer TLS's close_notify


class EmbeddedBroker:
    """MQTT 3.1.1 over TLS 1.2 or newer for anybody on this machine, whatever the user name.

    A client certificate is not asked for, but must be from `authority` where one is given.
    """

    def __init__(self, port: int, *, certificate: Path, key: Path, authority: Path) -> None:
        self._wanted_port = port
        self._certificate = certificate
        self._key = key
        self._authority = authority
        self._port = 0
        self._thread: threading.Thread | None = None
        self._end: Future[None] = Future()

    @property
    def port(self) -> int:
        """The TCP port listened on, chosen by the system where 0 was asked for."""
        return self._port

    def start(self) -> None:
        """Listen when this returns; blocks for a moment. Raises DemoError."""
        context = self._tls_context()
        sockets = _listen(self._wanted_port)
        self._port = sockets[0].getsockname()[1]
        self._end = Future()
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=_run,
            args=(sockets, context, ready, self._end),
            name="demo broker",
        )
        self._thread.start()
        ready.result(START_WITHIN_S)

    def stop(self) -> None:
        """Close every connection and end the thread; blocks for a moment."""
        if self._thread is not None:
            self._end.set_result(None)
            self._thread.join()
            self._thread = None

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._certificate, self._key)
            context.load_verify_locations(self._authority)
        except OSError as error:  # ssl.SSLError is one
            folder = self._certificate.parent
            raise DemoError(
                f"the demo's certificates in {folder} cannot be used: delete that folder, "
                "and the demo makes new ones"
            ) from error
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


def _listen(port: int) -> list[socket.socket]:
    """Sockets bound to 127.0.0.1 and, where the machine has it, ::1, on the same port."""
    try:
        first = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise DemoError(_refusal(port, error)) from error
    bound = first.getsockname()[1]
    try:
        return [first, socket.create_server(("::1", bound), family=socket.AF_INET6)]
    except OSError as error:
        if error.errno == errno.EADDRINUSE and port:
            first.close()
            raise DemoError(_refusal(port, error)) from error
        return [first]  # no IPv6 here


def _refusal(port: int, error: OSError) -> str:
    advice = "choose another with --broker-port"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: stop the other program or {advice}"
    return f"port {port} cannot be listened on ({error.strerror}): {advice}"


def _run(
    sockets: list[socket.socket], context: ssl.SSLContext, ready: Future[None], end: Future[None]
) -> None:
    """The thread: whatever keeps the broker from listening is for `start` to raise."""
    try:
        asyncio.run(_serve(sockets, context, ready, end))
    except Exception as error:  # the top of a thread
        if ready.done():
            logger.exception("the demo's broker has failed")
        else:
            ready.set_exception(DemoError(f"the demo's broker cannot start ({error!r})"))


async def _serve(
    sockets: list[socket.socket], context: ssl.SSLContext, ready: Future[None], end: Future[None]
) -> None:
    """Run the broker until `end` is resolved; `ready` is resolved once it listens."""
    _silence()
    broker = Broker(_configuration())
    await broker.start()
    door = _Door(broker, context)
    servers = [await asyncio.start_server(door.enter, sock=listening) for listening in sockets]
    ready.set_result(None)
    await asyncio.wrap_future(end)
    for server in servers:
        server.close()
    await door.close()
    await broker.shutdown()


class _Door:
    """Hands connections to the broker, and closes what it leaves open."""

    def __init__(self, broker: Broker, context: ssl.SSLContext) -> None:
        self._broker = broker
        self._context = context
        self._inside: set[asyncio.Task[None]] = set()

    def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client to the end, in a task of its own.

        A coroutine here would be a task of asyncio's, which up to Python 3.11 takes a cancelled
        one for a fault.
        """
        task = asyncio.create_task(self._serve(reader, writer), name="demo broker client")
        self._inside.add(task)
        task.add_done_callback(self._inside.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # First of all, or the client's hello is read as if it were MQTT.
            await writer.start_tls(self._context, ssl_handshake_timeout=HANDSHAKE_WITHIN_S)
            await self._broker.external_connected(
                StreamReaderAdapter(reader), StreamWriterAdapter(writer), "default"
            )
        except (OSError, EOFError) as error:
            logger.debug("a client is gone: %r", error)
        finally:
            await _say_goodbye(writer)

    async def close(self) -> None:
        """Part with all who are still there."""
        for task in self._inside:
            task.cancel()
        await asyncio.gather(*self._inside, return_exceptions=True)


async def _say_goodbye(writer: asyncio.StreamWriter) -> None:
    """Close the connection in good order if the client answers in time, else without."""
    writer.close()
    try:
        async with asyncio.timeout(GOODBYE_WITHIN_S):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError as error:
        logger.debug("a client is gone: %r", error)


def _configuration() -> BrokerConfig:
    """Anybody may enter and say anything; no $SYS topics, no log of every packet."""
    return BrokerConfig(
        listeners={"default": ListenerConfig(type=ListenerType.EXTERNAL)},
        plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    )


def _silence() -> None:
    # amqtt tells of every connection and packet, and warns of each client that hangs up.
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("amqtt.broker").addFilter(_is_failure)
    logging.getLogger("transitions").setLevel(logging.ERROR)


def _is_failure(record: logging.LogRecord) -> bool:
    """An exception inside the broker, not a client's fault: amqtt calls both an error."""
    return record.exc_info is not None

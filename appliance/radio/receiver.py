"""The radio modem's port: opened, read and reopened for as long as the unit runs.

The only user of `serial`. One thread waits for bytes and decodes them; all it learns it hands to
the event loop, which alone touches what `status` tells. A port that is missing or goes away is
tried again every half second, and said so once, as is its return.
"""

import asyncio
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import serial

from appliance.duration import spelled
from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import (
    Decoder,
    ModemInformation,
    ReceivedFrame,
    Record,
    RejectedRecord,
    UnknownRecord,
)
from appliance.radio.port_fault import PORT_FAULTS, explain

logger = logging.getLogger(__name__)

SILENT_AFTER_S = 600.0  # meters are heard every few seconds; ten quiet minutes are a fault
REOPEN_INTERVAL_S = 0.5
READ_TIMEOUT_S = 0.2  # how long a quiet line may delay `stop`
PROBE_AFTER_S = 15  # of quiet on a network: a peer whose power failed never says goodbye
PROBE_INTERVAL_S = 5
PROBES = 3  # unanswered: the line is given up, 30 s after the last byte
_CHUNK_MAX = 4096  # bytes read at once; a terminal line holds no more


@dataclass(frozen=True, slots=True)
class ReceiverStatus:
    """The port at one moment; records of unknown types counted since `start`."""

    state: Literal["receiving", "silent", "unavailable"]
    unknown_records: int
    error: str | None
    modem: str | None


class Receiver:
    """Receives frames from any port pyserial opens: a device, socket:// or rfc2217://.

    `on_frame(frame, at)` and, for a record not to be used, `on_rejected(reason, at)` are called on
    the event loop and must not raise; `at` is the Unix time at which the last byte was read.
    """

    def __init__(
        self,
        url: str,
        baudrate: int,
        on_frame: Callable[[RadioFrame, float], None],
        on_rejected: Callable[[str, float], None],
    ) -> None:
        self._url = url
        self._is_socket = url.lower().startswith("socket://")
        self._baudrate = baudrate
        self._on_frame = on_frame
        self._on_rejected = on_rejected
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        # The thread's own.
        self._lost_at: float | None = None  # monotonic; None while the port works
        self._heard_at = 0.0  # monotonic; opening counts as hearing
        self._silence_logged = False
        # The event loop's own.
        self._available = False
        self._error: str | None = f"{url}: not opened yet"
        self._modem: str | None = None
        self._unknown_records = 0

    def start(self) -> None:
        """Begin to receive on the running event loop; a missing port is waited for."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="radio receiver")
        self._thread.start()

    async def stop(self) -> None:
        """Return when the thread has ended and every frame read has been handed over.

        At once while a port is waited for, within `READ_TIMEOUT_S` while a device is read, and
        within pyserial's 5 s while a network port is being connected to.
        """
        self._stopping.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._available = False
        self._error = f"{self._url}: stopped"

    def status(self) -> ReceiverStatus:
        """The port now; to be called on the event loop."""
        quiet = time.monotonic() - self._heard_at > SILENT_AFTER_S
        return ReceiverStatus(
            ("silent" if quiet else "receiving") if self._available else "unavailable",
            self._unknown_records,
            self._error,
            self._modem,
        )

    # In the thread.

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._receive()
            except PORT_FAULTS as fault:
                self._lost(explain(self._url, fault))
                self._stopping.wait(REOPEN_INTERVAL_S)

    def _receive(self) -> None:
        """Open the port and read it until it fails or `stop` is called."""
        opened = serial.serial_for_url(
            self._url,
            baudrate=self._baudrate,
            timeout=0 if self._is_socket else READ_TIMEOUT_S,
            # Two readers of a device would each get a part of every record.
            exclusive=None if "://" in self._url else True,
        )
        with closing(opened) as port:
            if self._is_socket:
                _probe_when_quiet(port)
            # A serial server that has another client accepts and hangs up: only a port that can
            # be read counts as opened.
            data = self._read(port)
            self._opened()
            decoder = Decoder()
            while True:
                self._decode(decoder, data)
                if self._stopping.is_set():
                    return
                data = self._read(port)

    def _read(self, port: serial.Serial) -> bytes:
        """What has come, waiting up to `READ_TIMEOUT_S` for its first byte and for no other."""
        if self._is_socket:
            # pyserial's socket says "1 waiting" however much there is; reading it byte by byte
            # would not keep up with a fast line.
            select.select([port], [], [], READ_TIMEOUT_S)
            return port.read(_CHUNK_MAX)
        return port.read(max(1, min(port.in_waiting, _CHUNK_MAX)))

    def _decode(self, decoder: Decoder, data: bytes) -> None:
        received_at = time.time()
        records = decoder.feed(data)
        if any(isinstance(record, ReceivedFrame) for record in records):
            self._heard()
        elif not self._silence_logged and time.monotonic() - self._heard_at > SILENT_AFTER_S:
            self._silence_logged = True
            logger.warning(
                "%s: no frame for %s: check the radio modem's antenna and supply",
                self._url,
                spelled(SILENT_AFTER_S),
            )
        if records:
            self._loop.call_soon_threadsafe(self._deliver, records, received_at)

    def _heard(self) -> None:
        before, self._heard_at = self._heard_at, time.monotonic()
        if self._silence_logged:
            self._silence_logged = False
            quiet = spelled(self._heard_at - before)
            logger.info("%s: frames are heard again after %s", self._url, quiet)

    def _opened(self) -> None:
        self._heard_at = time.monotonic()
        self._silence_logged = False
        if self._lost_at is None:
            logger.info("%s: opened, listening for frames", self._url)
        else:
            lost_for = spelled(self._heard_at - self._lost_at)
            logger.info("%s: found again after %s", self._url, lost_for)
        self._lost_at = None
        self._loop.call_soon_threadsafe(self._change, True, None)

    def _lost(self, error: str) -> None:
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            logger.warning("%s", error)
        self._loop.call_soon_threadsafe(self._change, False, error)

    # On the event loop.

    def _change(self, available: bool, error: str | None) -> None:
        self._available = available
        self._error = error
        self._modem = None  # another one may be plugged in

    def _deliver(self, records: list[Record], received_at: float) -> None:
        for record in records:
            match record:
                case ReceivedFrame(frame):
                    self._on_frame(frame, received_at)
                case ModemInformation(text):
                    self._modem = text
                case RejectedRecord(reason):
                    self._on_rejected(reason, received_at)
                case UnknownRecord():
                    self._unknown_records += 1


def _probe_when_quiet(port: serial.Serial) -> None:
    """Lets the kernel ask a quiet peer whether it is still there (tcp(7), keepalive)."""
    with socket.socket(fileno=os.dup(port.fileno())) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_INTERVAL_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)

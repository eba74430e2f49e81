"""A pseudo-terminal that behaves as the radio modem: `concentrator simulate-modem`, and `demo`.

Nothing it sends is lost between it and a reader that stays: it sends only while a reader has the
line open, and waits for one that is slow.
"""

import array
import fcntl
import os
import random
import select
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from appliance.errors import ConcentratorError
from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import (
    FLAG,
    Decoder,
    RejectedRecord,
    encode_frame,
    encode_information,
)
from appliance.radio.simulated_meters import frames

__all__ = ["ModemError", "SimulatedModem", "frames", "transmissions"]

INFORMATION = "OpenlinkIQ simulated radio modem"

_SETTLE_S = 0.3  # pyserial empties its input when it opens a port
_POLL_S = 0.1  # how late `stop`, or a reader, may be noticed
_READ_CHECKS = 10  # looks, _READ_CHECK_S apart, that must all find nothing unread
_READ_CHECK_S = 0.01
_BURST_MAX = 256  # frames sent at once by a modem that is behind its rate


class ModemError(ConcentratorError):
    """The modem cannot be set up; one line says why and what to do."""


class SimulatedModem:
    """Sends `frames(seed, priority_share)` at `rate` a second to whoever opens `link`.

    `count` None is without end; `noise` is the probability of line noise before a frame.
    ValueError for a rate that is not above 0.
    """

    def __init__(
        self,
        link: Path,
        *,
        rate: float = 1.0,
        count: int | None = None,
        priority_share: float = 0.1,
        seed: int = 0,
        noise: float = 0.0,
    ) -> None:
        if not rate > 0:
            raise ValueError(f"the rate must be above 0 frames a second, not {rate}")
        self._link = link
        self._rate = rate
        self._transmissions = islice(transmissions(seed, priority_share, noise), count)

    def run(self, stop: threading.Event) -> None:
        """Block until `stop` is set, or `count` frames were sent and read; raises ModemError.

        The link exists while this runs. Each reader is first told the modem's information.
        """
        with _linked_terminal(self._link) as (master, terminal):
            line = _Line(master, terminal, stop)
            while line.wait_for_reader():
                line.write(encode_information(INFORMATION))
                if self._transmit(line, stop):
                    line.wait_until_read()
                    return

    def _transmit(self, line: "_Line", stop: threading.Event) -> bool:
        """Send until the reader goes or `stop` is set; True when all frames have been sent."""
        began, sent = time.monotonic(), 0
        while not stop.is_set() and line.has_reader():
            # By the clock since the beginning, not since the last frame: no drift.
            due = 1 + int((time.monotonic() - began) * self._rate) - sent
            burst = list(islice(self._transmissions, min(due, _BURST_MAX)))
            line.write(b"".join(burst))
            sent += len(burst)
            if len(burst) < min(due, _BURST_MAX):
                return True
            line.pause(began + sent / self._rate - time.monotonic())
        return False


def transmissions(seed: int, priority_share: float, noise: float) -> Iterator[bytes]:
    """The records of `frames(seed, priority_share)`, some behind noise; repeatable as they are.

    Noise is rejected by a decoder that follows the protocol, and costs it no frame.
    """
    rng = random.Random(f"noise {seed}")  # noqa: S311 - repeatable is what it must be, not secret
    for frame in frames(seed, priority_share):
        record = encode_frame(frame)
        yield _noise(rng, frame) + record if rng.random() < noise else record


def _noise(rng: random.Random, frame: RadioFrame) -> bytes:
    while True:
        burst = rng.choice((_random_bytes, _altered_record, _broken_off_record))(rng, frame)
        # One burst in 65,536 has a CRC that fits.
        heard = Decoder().feed(FLAG + burst + FLAG)
        if heard and all(isinstance(record, RejectedRecord) for record in heard):
            return burst


def _random_bytes(rng: random.Random, _: RadioFrame) -> bytes:
    return rng.randbytes(rng.randint(1, 64))


def _altered_record(rng: random.Random, frame: RadioFrame) -> bytes:
    record = bytearray(encode_frame(frame))
    for _ in range(rng.randint(1, 3)):
        record[rng.randrange(len(record))] ^= 1 << rng.randrange(8)
    return bytes(record)


def _broken_off_record(rng: random.Random, frame: RadioFrame) -> bytes:
    record = encode_frame(frame)
    return record[: rng.randrange(2, len(record))]


class _Line:
    """The modem's end of the pseudo-terminal."""

    def __init__(self, master: int, terminal: str, stop: threading.Event) -> None:
        self._master = master
        self._terminal = terminal
        self._stop = stop
        self._hangup = select.poll()
        self._hangup.register(master, 0)  # POLLHUP is told unasked
        self._room = select.poll()
        self._room.register(master, select.POLLOUT)

    def has_reader(self) -> bool:
        """Whether anyone has the terminal open: without, the master end hangs up."""
        return not self._hangup.poll(0)

    def pause(self, seconds: float) -> None:
        """Wait so long, but no longer than the reader stays and `stop` can bear."""
        self._hangup.poll(1000 * min(max(0, seconds), _POLL_S))

    def wait_for_reader(self) -> bool:
        """Wait for a reader and let it settle; False when `stop` came first."""
        while not self._stop.is_set():
            if not self.has_reader():
                self._stop.wait(_POLL_S)
                continue
            # Set through the master, this acts on the terminal: a reader that sets nothing
            # itself (`cat`) gets the bytes as they are, and does not echo them.
            tty.setraw(self._master)
            self._stop.wait(_SETTLE_S)
            if self.has_reader():
                break
        return not self._stop.is_set()

    def write(self, data: bytes) -> None:
        """Send all of `data`, but for what a reader that goes away, or `stop`, leaves over."""
        while data and not self._stop.is_set() and self.has_reader():
            with suppress(BlockingIOError):
                data = data[os.write(self._master, data) :]
            if data:
                self._room.poll(1000 * _POLL_S)

    def wait_until_read(self) -> None:
        """Wait until the reader has read everything or has gone, or `stop` is set."""
        quiet = 0
        # The kernel moves bytes on to where they are counted a little later: look repeatedly.
        while quiet < _READ_CHECKS and self.has_reader() and not self._stop.is_set():
            quiet = 0 if self._unread() else quiet + 1
            self._stop.wait(_READ_CHECK_S)

    def _unread(self) -> int:
        """Bytes that wait at the reader's end; opened only to ask, or no reader's going shows."""
        waiting = array.array("i", [0])
        terminal = os.open(self._terminal, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            fcntl.ioctl(terminal, termios.FIONREAD, waiting)
        finally:
            os.close(terminal)
        return waiting[0]


@contextmanager
def _linked_terminal(link: Path) -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: its master end, and its name, to which `link` points meanwhile."""
    master, slave = os.openpty()
    try:
        terminal = os.ttyname(slave)
        # Kept open here, it would hide whether a reader has it open.
        os.close(slave)
        os.set_blocking(master, False)
        _point(link, terminal)
        try:
            yield master, terminal
        finally:
            _withdraw(link, terminal)
    finally:
        os.close(master)


def _point(link: Path, terminal: str) -> None:
    # A link to a terminal is an earlier modem's; anything else is not ours to replace.
    if os.path.lexists(link) and not _is_modem(link):
        raise ModemError(f"{link}: is there and no modem of ours: name another path")
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        fresh.symlink_to(terminal)
        fresh.replace(link)
    except OSError as error:
        raise ModemError(f"{link}: cannot be made: {error.strerror}: name another path") from error


def _is_modem(link: Path) -> bool:
    return link.is_symlink() and os.readlink(link).startswith("/dev/pts/")  # noqa: PTH115 - text


def _withdraw(link: Path, terminal: str) -> None:
    """Remove the link unless another modem has taken it over."""
    with suppress(OSError):
        if os.readlink(link) == terminal:  # noqa: PTH115 - text to compare, not a path to follow
            link.unlink()

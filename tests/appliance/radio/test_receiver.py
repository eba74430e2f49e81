import asyncio
import logging
import os
import socket
import struct
import threading
import time
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
import serial
import serial.rfc2217

from appliance.radio import receiver as receiver_module
from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import encode_frame, encode_information
from appliance.radio.receiver import Receiver

FRAME = RadioFrame(control=0x80, rssi=-87, corrected_bits=3, mbal=b"\x7a\x7e\x01")


class Modem:
    """The far end of a pseudo-terminal, plugged in at a path as udev does it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master, slave = os.openpty()
        tty.setraw(slave)
        path.symlink_to(os.ttyname(slave))
        os.close(slave)
        self.plugged_in = True

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        assert os.write(self.master, data) == len(data)

    def unplug(self) -> None:
        """Take the device away, its name included."""
        if self.plugged_in:
            self.plugged_in = False
            self.path.unlink()
            os.close(self.master)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the modem is plugged in."""
    return tmp_path / "ttyUSB0"


@pytest.fixture
def modem(path: Path) -> Iterator[Modem]:
    """A modem that is plugged in from the beginning."""
    modem = Modem(path)
    yield modem
    modem.unplug()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A serial server's listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


@asynccontextmanager
async def receiving(
    url: str, reasons: list[str] | None = None
) -> AsyncIterator[tuple[Receiver, list[RadioFrame]]]:
    """A started receiver and what it has handed over; into `reasons` go those of rejections."""
    frames: list[RadioFrame] = []
    rejected = [] if reasons is None else reasons
    receiver = Receiver(
        url, 115200, lambda frame, _: frames.append(frame), lambda why, _: rejected.append(why)
    )
    receiver.start()
    try:
        yield receiver, frames
    finally:
        await receiver.stop()


async def until(condition: Callable[[], object], within: float = 10) -> None:
    """Wait for a condition; fails the test when it does not come true."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for is in other threads
            await asyncio.sleep(0.005)


async def until_state(receiver: Receiver, state: str, within: float = 10) -> None:
    """Wait for a state of the port."""
    await until(lambda: receiver.status().state == state, within)


async def until_received(frames: list[RadioFrame], count: int) -> None:
    """Wait for so many frames in all."""
    await until(lambda: len(frames) == count)


def url_of(server: socket.socket) -> str:
    """The address pyserial reaches the server at."""
    return f"socket://127.0.0.1:{server.getsockname()[1]}"


async def test_a_frame_is_handed_over_on_the_loop_with_its_time(modem: Modem) -> None:
    """The callbacks run in the loop's thread, and are told when the last byte came."""
    calls: list[tuple[RadioFrame | str, float, threading.Thread]] = []

    def called(what: RadioFrame | str, at: float) -> None:
        calls.append((what, at, threading.current_thread()))

    receiver = Receiver(str(modem.path), 115200, called, called)
    receiver.start()
    await until_state(receiver, "receiving")
    before = time.time()
    modem.send(encode_frame(FRAME) + b"U\x7e")
    await until(lambda: len(calls) == 2)
    await receiver.stop()
    assert [what for what, _, _ in calls] == [FRAME, "short"]
    assert all(before <= at <= time.time() for _, at, _ in calls)
    assert all(thread is threading.current_thread() for _, _, thread in calls)


async def test_status_tells_what_was_heard(modem: Modem) -> None:
    """Records of unknown types, the modem's own words; why others were rejected."""
    reasons: list[str] = []
    async with receiving(str(modem.path), reasons) as (receiver, frames):
        await until_state(receiver, "receiving")
        modem.send(encode_information("Acme R1 2.0") + b"\x55\x55\x55\x55")
        modem.send(bytes.fromhex("7E 33 00 00 7E"))  # a bad CRC
        modem.send(bytes.fromhex("7E 33 E7 C0 7E"))  # an unknown type
        modem.send(encode_frame(FRAME))
        await until(lambda: frames)
        status = receiver.status()
    assert reasons == ["bad CRC", "bad CRC"]
    assert (status.unknown_records, status.modem, status.error) == (1, "Acme R1 2.0", None)


async def test_a_missing_port_is_said_and_found_when_plugged_in(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line in the log when it is missing, one when it is found, and frames come."""
    caplog.set_level(logging.INFO)
    async with receiving(str(path)) as (receiver, frames):
        await until(lambda: "no such device" in (receiver.status().error or ""))
        assert receiver.status().state == "unavailable"
        modem = Modem(path)
        try:
            await until_state(receiver, "receiving")
            assert receiver.status().error is None
            modem.send(encode_frame(FRAME))
            await until(lambda: frames)
        finally:
            modem.unplug()
    missing, found, *_ = [record.getMessage() for record in caplog.records]
    assert missing.startswith(f"{path}: no such device: plug in the radio modem")
    assert found.startswith(f"{path}: found again after")


async def test_a_replugged_modem_is_found_again_each_time(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each episode is logged once on the way out and once on the way back."""
    caplog.set_level(logging.INFO)
    reasons: list[str] = []
    async with receiving(str(path), reasons) as (receiver, frames):
        for times in range(1, 4):
            modem = Modem(path)
            await until_state(receiver, "receiving")
            # A record broken off by the last unplugging must not spoil this one.
            modem.send(encode_frame(FRAME) + encode_frame(FRAME)[:-5])
            await until_received(frames, times)
            modem.unplug()
            await until_state(receiver, "unavailable")
            await until(lambda: "no such device" in (receiver.status().error or ""))
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    returns = [record for record in caplog.records if "found again" in record.getMessage()]
    assert reasons == []
    assert len(warnings) in (3, 4)  # the port may have been tried before the first plugging
    assert len(returns) == len(warnings) - 1


async def test_stop_does_not_wait_for_a_missing_port(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting to try again ends at once, however long it would have been."""
    monkeypatch.setattr(receiver_module, "REOPEN_INTERVAL_S", 1000)
    async with receiving(str(path)) as (receiver, _):
        await until(lambda: "no such device" in (receiver.status().error or ""))
        async with asyncio.timeout(10):
            await receiver.stop()
    assert "radio receiver" not in [thread.name for thread in threading.enumerate()]


async def test_nothing_comes_after_stop(modem: Modem) -> None:
    """When stop returns the thread has ended, and a modem that talks on is not heard."""
    async with receiving(str(modem.path)) as (receiver, frames):
        await until_state(receiver, "receiving")
        modem.send(encode_frame(FRAME) * 20)
        await until(lambda: frames)
        await receiver.stop()
        handed_over = len(frames)
        assert "radio receiver" not in [thread.name for thread in threading.enumerate()]
        modem.send(encode_frame(FRAME))
        await asyncio.sleep(0)
    assert len(frames) == handed_over
    assert receiver.status().state == "unavailable"


async def test_an_open_port_without_frames_is_silent(
    modem: Modem, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Silence is a state and one line in the log; noise is no frame; a frame ends it."""
    caplog.set_level(logging.INFO)
    reasons: list[str] = []
    async with receiving(str(modem.path), reasons) as (receiver, frames):
        await until_state(receiver, "receiving")
        monkeypatch.setattr(receiver_module, "SILENT_AFTER_S", 0.0)
        await until_state(receiver, "silent")
        modem.send(b"\x7enoise\x7e")
        await until(lambda: len(reasons) == 1)
        await until(lambda: "no frame for" in caplog.text)
        assert receiver.status().state == "silent"
        monkeypatch.setattr(receiver_module, "SILENT_AFTER_S", 600.0)
        modem.send(encode_frame(FRAME))
        await until(lambda: frames)
        assert receiver.status().state == "receiving"
    assert caplog.text.count("no frame for") == 1
    assert caplog.text.count("heard again") == 1


async def test_a_second_reader_is_kept_out(modem: Modem) -> None:
    """The port is held exclusively: another receiver says it is in use."""
    url = str(modem.path)
    async with receiving(url) as (first, frames):
        await until_state(first, "receiving")
        async with receiving(url) as (second, _):
            await until(lambda: "in use by another program" in (second.status().error or ""))
            modem.send(encode_frame(FRAME))
            await until(lambda: frames)


@pytest.mark.parametrize("url", ["foo://bar", "socket://host", "loop://?logging=x"])
async def test_a_wrong_url_is_unavailable_and_says_so(url: str) -> None:
    """A mistake in the settings file does not end the unit."""
    async with receiving(url) as (receiver, _):
        await until(lambda: "[radio] url" in (receiver.status().error or ""))
        assert receiver.status().state == "unavailable"


async def test_a_serial_server_is_read_and_found_again(server: socket.socket) -> None:
    """Over TCP: frames come, the server hangs up, and frames come from the next connection."""
    async with receiving(url_of(server)) as (receiver, frames):
        for times in (1, 2):
            connection, _ = await asyncio.to_thread(server.accept)
            with connection:
                await until_state(receiver, "receiving")
                connection.sendall(encode_frame(FRAME) * 1000)
                await until_received(frames, times * 1000)
            await until_state(receiver, "unavailable")
            assert "check that the serial server is on" in (receiver.status().error or "")


async def test_a_serial_server_that_hangs_up_at_once_is_no_open_port(
    server: socket.socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server busy with another client is one episode, not one for each attempt."""
    caplog.set_level(logging.INFO)
    # However late this test hangs up, it is before the receiver's first read ends.
    monkeypatch.setattr(receiver_module, "READ_TIMEOUT_S", 30)
    async with receiving(url_of(server)):
        for _ in range(3):
            connection, _ = await asyncio.to_thread(server.accept)
            connection.close()
        server.close()  # and with it the connection not accepted yet
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


class Rfc2217Server:
    """A serial server with remote port control, for one client."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        port = serial.serial_for_url("loop://", timeout=0)
        self._manager = serial.rfc2217.PortManager(port, self)  # type: ignore[arg-type]  # any port will do
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Called by the port manager with its answers."""
        self._connection.sendall(data)

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        self._connection.sendall(b"".join(self._manager.escape(data)))

    def join(self) -> None:
        """Wait until the client has gone."""
        self._thread.join(10)

    def _serve(self) -> None:
        with suppress(OSError):
            while received := self._connection.recv(1024):
                list(self._manager.filter(received))


# pyserial's own use of methods that Python 3.10 deprecated.
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
async def test_an_rfc2217_server_is_read(server: socket.socket) -> None:
    """Remote serial ports need no more than their URL."""
    url = url_of(server).replace("socket", "rfc2217")
    async with receiving(url) as (receiver, frames):
        connection, _ = await asyncio.to_thread(server.accept)
        with connection:
            far_end = Rfc2217Server(connection)
            await until_state(receiver, "receiving")
            far_end.send(encode_frame(FRAME) * 10)
            await until(lambda: len(frames) == 10)
            await receiver.stop()
            far_end.join()
    assert frames == [FRAME] * 10


def test_a_quiet_network_port_is_asked_whether_it_is_there(server: socket.socket) -> None:
    """Keepalive is on, and finds out within half a minute; tests/system has one that vanishes."""
    with closing(serial.serial_for_url(url_of(server))) as port:
        receiver_module._probe_when_quiet(port)
        with socket.socket(fileno=os.dup(port.fileno())) as link:
            assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            idle, every, times = (link.getsockopt(socket.IPPROTO_TCP, each) for each in options)
    assert idle + every * times <= 30


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_a_connection_that_is_reset_is_lost_like_any_other(server: socket.socket) -> None:
    """A serial server that loses its supply answers with a reset when it is back."""
    async with receiving(url_of(server)) as (receiver, _):
        connection, _ = await asyncio.to_thread(server.accept)
        await until_state(receiver, "receiving")
        # Lingering for no time makes closing a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        await until_state(receiver, "unavailable")
        connection, _ = await asyncio.to_thread(server.accept)
        with connection:
            await until_state(receiver, "receiving")

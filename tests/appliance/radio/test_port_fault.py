import os
import socket
from pathlib import Path

import pytest
import serial

from appliance.radio.port_fault import PORT_FAULTS, explain


def fault_of(url: str, baudrate: int = 115200) -> BaseException:
    """What pyserial really raises for this port."""
    with pytest.raises(PORT_FAULTS) as caught:
        serial.serial_for_url(url, baudrate=baudrate)
    return caught.value


def test_a_missing_device_is_to_be_plugged_in(tmp_path: Path) -> None:
    """The whole line, as the technician reads it."""
    url = str(tmp_path / "ttyUSB0")
    assert explain(url, fault_of(url)) == (
        f"{url}: no such device: plug in the radio modem "
        "or correct [radio] url in the settings file"
    )


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    """Files and folders are told from ports."""
    file = tmp_path / "file"
    file.touch()
    for url in (str(file), str(tmp_path)):
        assert explain(url, fault_of(url)).startswith(f"{url}: not a serial port: correct")


def test_a_port_in_use_says_who_to_stop() -> None:
    """A second program on one port would take a part of every record."""
    master, slave = os.openpty()
    url = os.ttyname(slave)
    try:
        with (
            serial.serial_for_url(url, exclusive=True),
            pytest.raises(serial.SerialException) as caught,
        ):
            serial.serial_for_url(url, exclusive=True)
        assert "in use by another program" in explain(url, caught.value)
    finally:
        os.close(slave)
        os.close(master)


def test_an_unplugged_modem_is_told_from_a_wrong_url() -> None:
    """A read that fails has no file to be missing."""
    master, slave = os.openpty()
    url = os.ttyname(slave)
    os.close(slave)
    with serial.serial_for_url(url, timeout=0) as port:
        os.close(master)
        with pytest.raises(PORT_FAULTS) as caught:
            port.read(1)
    assert explain(url, caught.value).startswith(f"{url}: no radio modem there: plug it in")


def test_permission_denied_names_the_group() -> None:
    """Not raised for root, who may run these tests: the fault is made here."""
    fault = serial.SerialException(13, "could not open port /dev/ttyUSB0")
    assert "group dialout" in explain("/dev/ttyUSB0", fault)


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_a_serial_server_that_is_off_is_told_from_a_wrong_url(scheme: str) -> None:
    """Nobody listens on a port that was just given back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"{scheme}://127.0.0.1:{port}"
    line = explain(url, fault_of(url))
    assert line.startswith(f"{url}: Connection refused: check that the serial server is on")


@pytest.mark.parametrize("url", ["socket://", "socket://host", "rfc2217://host:99999"])
def test_an_address_without_a_port_says_what_one_looks_like(url: str) -> None:
    """Pyserial's own words for these are about Python."""
    assert "not of the form socket://HOST:PORT" in explain(url, fault_of(url))


@pytest.mark.parametrize(
    ("url", "baudrate"), [("foo://bar", 9600), ("loop://?logging=x", 9600), ("loop://", -1)]
)
def test_anything_else_names_the_settings(url: str, baudrate: int) -> None:
    """Whatever pyserial raises becomes one line about [radio] url or baudrate."""
    line = explain(url, fault_of(url, baudrate))
    assert line.startswith(f"{url}: cannot be opened (")
    assert "[radio] url or baudrate" in line
    assert "\n" not in line

import os
from pathlib import Path

import pytest
import serial

from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import Decoder, ReceivedFrame
from tests.support.modem_line import ModemLine


def test_frames_come_out_of_the_line_until_it_is_unplugged(tmp_path: Path) -> None:
    """A sent frame is read over pyserial; unplugged the port is gone, plugged in it is back."""
    frame = RadioFrame(control=0x80, rssi=-87, corrected_bits=3, mbal=b"\x7a\x7e\x01")
    with ModemLine(tmp_path) as modem:
        for _ in range(2):
            with serial.Serial(str(modem.path), 115_200, timeout=10) as port:
                modem.send(frame)
                records = Decoder().feed(port.read(14))
                assert records == [ReceivedFrame(frame)]
                modem.unplug()
                with pytest.raises((serial.SerialException, OSError)):
                    port.read(1)
            assert not os.path.lexists(modem.path)
            modem.plug()

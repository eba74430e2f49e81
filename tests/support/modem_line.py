"""The serial line to a radio modem, played by a pseudo-terminal."""

import errno
import os
import pty
import threading
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import encode_frame

FULL_S = 0.001  # between two looks at a full line


class ModemLine:
    """A modem plugged in at `path` from the start, a symbolic link as udev makes them.

    What is sent before the receiver has the port open may be lost: opening a serial port drops
    what came before. One thread may send while another unplugs.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "modem"
        self._modem = -1
        self._line = -1
        self._lock = threading.Lock()  # or bytes might go to whoever gets the closed descriptor
        self.plug()

    def __enter__(self) -> Self:
        """Plugged in already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Unplug."""
        self.unplug()

    def plug(self) -> None:
        """A new device appears under the same path."""
        self._modem, self._line = pty.openpty()
        os.set_blocking(self._modem, False)
        tty.setraw(self._line)  # nobody echoes into the modem, whoever has the line open
        self.path.symlink_to(os.ttyname(self._line))

    def unplug(self) -> None:
        """The device goes away; nothing to do when it is away."""
        with self._lock:
            if self._modem >= 0:
                self.path.unlink()
                os.close(self._line)
                os.close(self._modem)
                self._modem = self._line = -1

    def send(self, *frames: RadioFrame) -> None:
        """The modem reports these frames, one record each."""
        self.send_bytes(b"".join(encode_frame(frame) for frame in frames))

    def send_bytes(self, data: bytes) -> None:
        """The modem sends these bytes; blocks while the line's 4 KiB are full.

        OSError where none is plugged in, or no longer.
        """
        while data := data[self._write(data) :]:
            time.sleep(FULL_S)

    def _write(self, data: bytes) -> int:
        with self._lock:
            if self._modem < 0:
                raise OSError(errno.ENODEV, "no modem is plugged in")
            try:
                return os.write(self._modem, data)
            except BlockingIOError:
                return 0

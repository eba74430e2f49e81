"""A reception whose clock is turned by hand, and what it hears."""

from appliance.radio.frame import RadioFrame
from appliance.radio.reception import Reception, ReceptionReport
from appliance.status import RadioState

BEGAN = 1_790_000_000.0  # Unix seconds: 2026-09-21 14:13:20 UTC


class Heard:
    """`now` is monotonic seconds since the reception began; Unix time goes with it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.state: RadioState = "receiving"
        self.error: str | None = None
        self.modem: str | None = "Acme R1"
        self.reception = Reception(lambda: 1234.5 + self.now)

    def unix_time(self) -> float:
        """What the time of day is."""
        return BEGAN + self.now

    def frame(self, rssi: int = -80, corrected: int = 0, *, priority: bool = False) -> None:
        """Hear one of three bytes."""
        frame = RadioFrame(0, rssi, corrected, b"abc")
        self.reception.heard(frame, self.unix_time(), priority=priority)

    def frames(self, count: int, every_s: float = 1, rssi: int = -80, corrected: int = 0) -> None:
        """Hear several, the time passing after each."""
        for _ in range(count):
            self.frame(rssi, corrected)
            self.now += every_s

    def reject(self, reason: str = "bad CRC") -> None:
        """Hear a record that cannot be used."""
        self.reception.rejected(reason, self.unix_time())

    def report(self) -> ReceptionReport:
        """What it says now."""
        return self.reception.report(self.state, self.error, self.modem)

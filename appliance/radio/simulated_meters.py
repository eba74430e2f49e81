"""A small population of meters, for the simulated modem: the frames they would send; pure.

Their data is M-Bus application data in the clear (EN 13757-3): enough like a meter's to look at,
and nobody's.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from appliance.radio.frame import RadioFrame

_METERS = 12
_INTERVAL = timedelta(minutes=15)  # between two transmissions of one meter
_FIRST_TRANSMISSION = datetime(2026, 1, 1, tzinfo=UTC)
_PRIORITY = 0x80  # the default priority_mask of the settings file
_WEAK_DBM = -100  # below this, bits go wrong
_RSSI_DBM = (-125, -30)  # what a receiver can tell apart

# Header (EN 13757-3): CI field 0x7A, then access number, status, configuration field.
_CI_SHORT_HEADER = 0x7A
# DIF and VIF of the data records.
_IDENTIFICATION = b"\x0c\x78"  # 8 digits BCD
_ENERGY = b"\x04\x06"  # kWh
_VOLUME = b"\x04\x13"  # litres
_VOLUME_FLOW = b"\x02\x3b"  # litres an hour
_FLOW_TEMPERATURE = b"\x02\x59"  # 0.01 degC
_RETURN_TEMPERATURE = b"\x02\x5d"  # 0.01 degC
_DATE_TIME = b"\x04\x6d"  # type F
_INFO_CODES = b"\x02\xfd\x17"  # error flags


@dataclass(slots=True)
class _Meter:
    """One meter: its counters move on and its signal fades with every transmission."""

    number: int
    is_heat: bool
    level: float  # mean RSSI in dBm
    months: int  # of history sent along
    volume: int
    energy: int
    access: int
    transmissions: int = 0
    fading: float = 0.0  # dB

    def transmit(self, rng: random.Random, priority: bool) -> RadioFrame:
        """The next frame, as received."""
        flow = rng.randrange(3000)
        self.volume += flow // 4
        self.energy += flow // 400
        self.access = (self.access + 1) % 256
        self.transmissions += 1
        # Fading comes and goes slowly: each time most of the last one is still there.
        self.fading = 0.8 * self.fading + rng.gauss(0, 2)
        lowest, highest = _RSSI_DBM
        rssi = min(max(round(self.level + self.fading), lowest), highest)
        control = _PRIORITY if priority else 0
        return RadioFrame(
            control, rssi, _corrected_bits(rng, rssi), self._data(rng, flow, priority)
        )

    def _data(self, rng: random.Random, flow: int, priority: bool) -> bytes:
        status = 0x04 if priority else 0
        data = bytes([_CI_SHORT_HEADER, self.access, status, 0, 0])
        data += _IDENTIFICATION + bytes.fromhex(f"{self.number:08d}")[::-1]
        data += _VOLUME + _little(self.volume, 4) + _VOLUME_FLOW + _little(flow, 2)
        if self.is_heat:
            data += _ENERGY + _little(self.energy, 4)
            data += _FLOW_TEMPERATURE + _little(rng.randrange(6000, 9500), 2)
            data += _RETURN_TEMPERATURE + _little(rng.randrange(2500, 4500), 2)
        data += _DATE_TIME + _type_f(_FIRST_TRANSMISSION + self.transmissions * _INTERVAL)
        if self.months or priority:
            data += _INFO_CODES + _little(1 << rng.randrange(12) if priority else 0, 2)
        return data + b"".join(self._history(month) for month in range(1, self.months + 1))

    def _history(self, month: int) -> bytes:
        """The volume so many months ago: its storage number is in the DIF and the DIFE."""
        storage = bytes([0x84 | (month & 1) << 6, month >> 1]) + _VOLUME[1:]
        return storage + _little(max(0, self.volume - month * 9000), 4)


def frames(seed: int, priority_share: float) -> Iterator[RadioFrame]:
    """Frames without end, the same ones for the same arguments; that share of them priority."""
    rng = random.Random(seed)  # noqa: S311 - repeatable is what it must be, not secret
    meters = [_installed(rng) for _ in range(_METERS)]
    while True:
        yield rng.choice(meters).transmit(rng, rng.random() < priority_share)


def _installed(rng: random.Random) -> _Meter:
    is_heat = rng.random() < 0.5
    return _Meter(
        number=rng.randrange(10_000_000, 100_000_000),
        is_heat=is_heat,
        level=rng.uniform(-115, -60),
        months=rng.choice((0, 6, 12, 20)) if is_heat else 0,
        volume=rng.randrange(10_000, 2_000_000),
        energy=rng.randrange(1_000, 200_000),
        access=rng.randrange(256),
    )


def _corrected_bits(rng: random.Random, rssi: int) -> int:
    weakness = max(0, _WEAK_DBM - rssi)  # dB
    if rng.random() >= 0.02 + weakness / 20:
        return 0
    return 1 + int(rng.expovariate(1 / (1 + weakness / 4)))


def _little(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def _type_f(moment: datetime) -> bytes:
    """Date and time to the minute, compound type F (EN 13757-3, annex A)."""
    year = moment.year - 2000
    return bytes(
        [
            moment.minute,
            moment.hour,
            moment.day | (year & 0x07) << 5,
            moment.month | (year & 0x78) << 1,
        ]
    )

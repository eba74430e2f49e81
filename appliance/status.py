"""What the unit says of itself, as `status --json` prints it and the screen shows it."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

RadioState = Literal["receiving", "silent", "unavailable"]
# A rehearsal's, then those of an activation: what the new forwarder does.
StepName = Literal["clock", "name", "tcp", "tls", "mqtt", "connect", "puback"]
Verdict = Literal["ok", "failed", "skipped", "warning"]
BrokerState = Literal["unconfigured", "idle", "connecting", "connected", "waiting"]


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """Which unit this is; `uptime_s` in whole seconds since the engine started."""

    serial_number: str
    version: str
    uptime_s: int


@dataclass(frozen=True, slots=True)
class RadioStatus:
    """What comes in; frames counted since the unit was provisioned, RSSI in dBm."""

    state: RadioState
    frames: int
    priority_frames: int
    rejected_records: int
    last_frame: datetime | None
    last_rssi: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """What waits on the unit; dropped and quarantined counted since it was provisioned.

    `error` is what is wrong with the storage: full, read-only, failing, damaged.
    """

    frames: int
    priority_frames: int
    dropped_frames: int
    quarantined_frames: int
    bytes: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """What goes out; `retry_in_s` only while waiting between two attempts.

    `findings` is the part of `last_error` that a connection does not mend: what is refused.
    """

    state: BrokerState
    url: str | None
    connects: int
    published_frames: int
    published_messages: int
    last_publish: datetime | None
    retry_in_s: float | None
    last_error: str | None
    findings: str | None = None

    @property
    def trouble(self) -> str | None:
        """What is wrong now; the last failure is no news while there is a connection."""
        return self.findings if self.state in ("connected", "idle") else self.last_error


@dataclass(frozen=True, slots=True)
class ConfigurationStatus:
    """Since when the active configuration serves, and which saved values wait for Activate."""

    active_since: datetime | None
    pending: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """The whole unit at one moment."""

    unit: UnitStatus
    radio: RadioStatus
    cache: CacheStatus
    broker: BrokerStatus
    configuration: ConfigurationStatus

    def as_json_dict(self) -> dict[str, Any]:
        """Plain values ready for `json.dumps`; times as `2026-11-23T08:00:00Z`.

        The cache's error is there only while there is one: interface 8 does not know it, nor the
        findings, which are in the last error.
        """
        plain = {
            part: {name: _plain(value) for name, value in fields.items()}
            for part, fields in asdict(self).items()
        }
        del plain["broker"]["findings"]
        if self.cache.error is None:
            del plain["cache"]["error"]
        return plain


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rehearsal or an activation: its time in seconds, one line for a technician."""

    name: StepName
    verdict: Verdict
    seconds: float
    text: str


def utc(unix_seconds: float | None) -> datetime | None:
    """The moment in UTC, or None for never."""
    return None if unix_seconds is None else datetime.fromtimestamp(unix_seconds, UTC)


def _plain(value: object) -> object:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value

"""The settings file of whoever builds the unit: TOML in, frozen `Settings` out.

Every key has a default. Unknown keys, wrong types and values out of range are refused with the
key's name, so that a typing error is never taken for a default. A key is declared once, below:
its default, and in its type what a file may say.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from appliance.errors import ConcentratorError
from appliance.forwarding.backoff import BackoffRule

TlsVersion = Literal["1.2", "1.3"]


LONGEST_SERIAL_NUMBER = 64  # characters that fit on a label, and in any broker's client IDs


class SettingsError(ConcentratorError):
    """One line: which file and key, what is wrong with it, what would be right."""


def is_label_text(text: str) -> bool:
    """Whether `text` can be a serial number: it is printed, logged, and is the client ID."""
    return 0 < len(text) <= LONGEST_SERIAL_NUMBER and text.isprintable() and text == text.strip()


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a file may give for a key: a test, and in words what passes it."""

    expected: str
    admits: Callable[[Any], bool]


def _whole(low: int, high: int | None = None) -> _Rule:
    return _Rule(
        f"a whole number from {low} to {high}" if high else f"a whole number, {low} or more",
        lambda value: type(value) is int and low <= value <= (value if high is None else high),
    )


def _one_of(*choices: str) -> _Rule:
    return _Rule(" or ".join(f'"{choice}"' for choice in choices), lambda value: value in choices)


_text = _Rule("text in quotes, not empty", lambda value: isinstance(value, str) and value != "")
_label_text = _Rule(
    f"1 to {LONGEST_SERIAL_NUMBER} printable characters, no spaces around them",
    lambda value: isinstance(value, str) and is_label_text(value),
)


@dataclass(frozen=True, slots=True)
class UnitSettings:
    """`[unit]`: who the unit is and where it keeps its state (created 0700)."""

    serial_number: Annotated[str, _label_text] = "00000000"
    state_dir: Annotated[Path, _text] = Path("state")


@dataclass(frozen=True, slots=True)
class SshSettings:
    """`[ssh]`: where technicians log in; port 0 takes any free one, `idle_timeout` in seconds."""

    host: Annotated[str, _text] = "0.0.0.0"  # noqa: S104 - reached from wherever it is mounted
    port: Annotated[int, _whole(0, 65_535)] = 2222
    host_key_dir: Annotated[Path, _text] = Path("host_keys")
    idle_timeout: Annotated[int, _whole(0)] = 900


@dataclass(frozen=True, slots=True)
class RadioSettings:
    """`[radio]`: the modem's port as pyserial names it, and which control bits mean priority."""

    url: Annotated[str, _text] = "/dev/ttyUSB0"
    baudrate: Annotated[int, _whole(50, 4_000_000)] = 115_200
    priority_mask: Annotated[int, _whole(0, 255)] = 0x80


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """`[cache]`: the quota, in frames and in bytes on disk."""

    max_frames: Annotated[int, _whole(1)] = 5_000_000
    max_bytes: Annotated[int, _whole(65_536)] = 2_000_000_000


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """`[mqtt]`: how frames are put into messages, how retries and TLS behave.

    `max_payload` is in bytes; a single frame that is larger goes out alone all the same.
    """

    batch_frames: Annotated[int, _whole(1, 100_000)] = 500
    max_payload: Annotated[int, _whole(256, 268_435_455)] = 61_440
    backoff: Annotated[BackoffRule, _one_of("linear", "exponential")] = "linear"
    tls_maximum: Annotated[TlsVersion, _one_of("1.2", "1.3")] = "1.2"


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file; `stated` names what the file itself says, as `section.key`."""

    unit: UnitSettings = UnitSettings()
    ssh: SshSettings = SshSettings()
    radio: RadioSettings = RadioSettings()
    cache: CacheSettings = CacheSettings()
    mqtt: MqttSettings = MqttSettings()
    stated: frozenset[str] = field(default=frozenset())


_SECTIONS: dict[str, type] = {
    "unit": UnitSettings,
    "ssh": SshSettings,
    "radio": RadioSettings,
    "cache": CacheSettings,
    "mqtt": MqttSettings,
}


def load(path: Path | None) -> Settings:
    """The settings of `path`, or every default without one.

    Relative paths count from the file's own folder, without a file from the working directory.
    Raises SettingsError.
    """
    if path is None:
        return parse("", Path.cwd(), "settings")
    try:
        return parse(path.read_text(encoding="utf-8"), path.resolve().parent, str(path))
    except OSError as error:
        advice = "name a settings file that can be read"
        raise SettingsError(f"{path}: {error.strerror}: {advice}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text: save it as UTF-8") from error


def parse(text: str, folder: Path, source: str) -> Settings:
    """Settings from TOML `text`; `source` names it in errors. Raises SettingsError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{source}: not valid TOML: {error}") from error
    _refuse_unknown(tables, _SECTIONS, f"{source}: no section or key of this name")
    sections: dict[str, Any] = {
        name: _section(section, name, tables.get(name, {}), folder, source)
        for name, section in _SECTIONS.items()
    }
    stated = frozenset(f"{name}.{key}" for name, table in tables.items() for key in table)
    return Settings(**sections, stated=stated)


def _section(section: type, name: str, table: object, folder: Path, source: str) -> object:
    if not isinstance(table, dict):
        raise SettingsError(f"{source}: {name}: is a section: write [{name}] on a line of its own")
    hints = get_type_hints(section, include_extras=True)
    _refuse_unknown(table, hints, f"{source}: [{name}] has no such key")
    for key, value in table.items():
        (rule,) = hints[key].__metadata__
        if not rule.admits(value):
            found = str(value).lower() if isinstance(value, bool) else repr(value)
            raise SettingsError(f"{source}: [{name}] {key}: write {rule.expected}, not {found}")
    values = {key.name: table.get(key.name, key.default) for key in fields(section)}
    paths = {key: folder / values[key] for key, hint in hints.items() if hint.__origin__ is Path}
    return section(**(values | paths))


def _refuse_unknown(given: Iterable[str], known: Iterable[str], complaint: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1)
            advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise SettingsError(f"{complaint}: {name}: {advice}")

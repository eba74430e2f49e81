from dataclasses import fields
from pathlib import Path

import pytest

from appliance.settings import Settings, SettingsError, load, parse

HERE = Path("/somewhere")

EVERY_KEY = """
[unit]
serial_number = "KAM73471100"
state_dir = "my state"
[ssh]
host = "::1"
port = 22
host_key_dir = "/etc/keys"
idle_timeout = 0
[radio]
url = "socket://10.0.0.1:4000"
baudrate = 9600
priority_mask = 0x40
[cache]
max_frames = 10
max_bytes = 1_000_000
[mqtt]
batch_frames = 5
max_payload = 1000
backoff = "exponential"
tls_maximum = "1.3"
"""


def test_every_default_is_as_documented() -> None:
    """Section 2 of the interfaces, to the letter."""
    settings = parse("", HERE, "settings")
    assert settings.unit.serial_number == "00000000"
    assert settings.unit.state_dir == HERE / "state"
    assert (settings.ssh.host, settings.ssh.port) == ("0.0.0.0", 2222)
    assert (settings.ssh.host_key_dir, settings.ssh.idle_timeout) == (HERE / "host_keys", 900)
    assert (settings.radio.url, settings.radio.baudrate) == ("/dev/ttyUSB0", 115_200)
    assert settings.radio.priority_mask == 0x80
    assert (settings.cache.max_frames, settings.cache.max_bytes) == (5_000_000, 2_000_000_000)
    assert (settings.mqtt.batch_frames, settings.mqtt.max_payload) == (500, 61_440)
    assert (settings.mqtt.backoff, settings.mqtt.tls_maximum) == ("linear", "1.2")


def test_every_key_can_be_set() -> None:
    """No value is left at its default by a file that states them all."""
    settings, defaults = parse(EVERY_KEY, HERE, "settings"), parse("", HERE, "settings")
    for section in fields(Settings)[:-1]:
        stated, default = getattr(settings, section.name), getattr(defaults, section.name)
        for key in fields(stated):
            assert getattr(stated, key.name) != getattr(default, key.name), key.name
            assert f"{section.name}.{key.name}" in settings.stated


def test_relative_paths_count_from_the_settings_file(tmp_path: Path) -> None:
    """Wherever the program was started; absolute ones stay."""
    path = tmp_path / "unit.toml"
    path.write_text(EVERY_KEY)
    settings = load(path)
    assert settings.unit.state_dir == tmp_path / "my state"
    assert settings.ssh.host_key_dir == Path("/etc/keys")


def test_without_a_file_they_count_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every other program."""
    monkeypatch.chdir(tmp_path)
    assert load(None).unit.state_dir == tmp_path / "state"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[ssh]\nprot = 1", "[ssh] has no such key: prot: did you mean port?"),
        ("[ssh]\nzzz = 1", "[ssh] has no such key: zzz: known are host, port, host_key_dir"),
        ("[shs]\nport = 1", "no section or key of this name: shs: did you mean ssh?"),
        ("port = 1", "no section or key of this name: port: known are unit, ssh"),
        ("ssh = 1", "ssh: is a section: write [ssh] on a line of its own"),
        ("[ssh]\nport = '22'", "[ssh] port: write a whole number from 0 to 65535, not '22'"),
        ("[ssh]\nport = true", "[ssh] port: write a whole number from 0 to 65535, not true"),
        ("[ssh]\nport = 65536", "[ssh] port: write a whole number from 0 to 65535, not 65536"),
        ("[ssh]\nport = 22.0", "[ssh] port: write a whole number from 0 to 65535, not 22.0"),
        ("[ssh]\nidle_timeout = -1", "[ssh] idle_timeout: write a whole number, 0 or more, not"),
        ("[unit]\nserial_number = 1", "[unit] serial_number: write 1 to 64 printable"),
        ("[unit]\nserial_number = ''", "[unit] serial_number: write 1 to 64 printable"),
        (f"[unit]\nserial_number = '{65 * 'x'}'", "[unit] serial_number: write 1 to 64 printable"),
        ('[unit]\nserial_number = "a\\nb"', "[unit] serial_number: write 1 to 64 printable"),
        ("[unit]\nstate_dir = 3", "[unit] state_dir: write text in quotes, not empty, not 3"),
        ("[radio]\npriority_mask = 256", "[radio] priority_mask: write a whole number from 0"),
        ("[mqtt]\nbackoff = 'none'", '[mqtt] backoff: write "linear" or "exponential", not'),
        ("[mqtt]\ntls_maximum = 1.3", '[mqtt] tls_maximum: write "1.2" or "1.3", not 1.3'),
        ("[mqtt]\nbackoff = ['linear']", '[mqtt] backoff: write "linear" or "exponential", not'),
        ("[ssh", "not valid TOML"),
    ],
)
def test_a_fault_is_named_with_what_would_be_right(text: str, message: str) -> None:
    """One line: the file, the key, and the remedy."""
    with pytest.raises(SettingsError) as refusal:
        parse(text, HERE, "unit.toml")
    assert str(refusal.value).startswith(f"unit.toml: {message}")
    assert "\n" not in str(refusal.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not text."""
    (tmp_path / "latin1.toml").write_bytes(b"[unit]\nserial_number = '\xe9'")
    for name, message in (
        ("missing.toml", "No such file"),
        (".", "Is a directory"),
        ("latin1.toml", "not UTF-8"),
    ):
        with pytest.raises(SettingsError, match=message):
            load(tmp_path / name)

from dataclasses import replace
from datetime import UTC, datetime

from appliance.hidden_characters import REPLACEMENT
from appliance.ssh.reports import parameter_states, parameters_table, status_text
from appliance.status import (
    BrokerStatus,
    CacheStatus,
    ConfigurationStatus,
    RadioStatus,
    Status,
    UnitStatus,
)
from appliance.unit import Unit

STATUS = Status(
    UnitStatus("12345678", "0.1.0", 12),
    RadioStatus("receiving", 10, 1, 0, datetime(2026, 11, 23, 8, tzinfo=UTC), -87, None),
    CacheStatus(3, 1, 0, 0, 4096),
    BrokerStatus(
        "waiting", "ssl://b.example:8883", 1, 7, 2, None, 3.14159, "refused \x1b[2J\u202e"
    ),
    ConfigurationStatus(None, ("broker-url", "data-topic")),
)


async def test_states_follow_what_is_saved(unit: Unit) -> None:
    """Nothing set is empty; a value saved but not active is pending; a secret is only "set"."""
    await unit.save("data-topic", "meters/data", "test")
    await unit.save("client-password", "hunter2", "test")
    states = parameter_states(unit)
    assert len(states) == 12
    assert states["broker-url"] == {"saved": "", "active": "", "state": "empty"}
    assert states["data-topic"] == {"saved": "meters/data", "active": "", "state": "pending"}
    assert states["client-password"] == {"saved": "set", "active": "", "state": "pending"}


async def test_the_table_has_a_line_a_parameter(unit: Unit) -> None:
    """Aligned columns, long and many-lined values cut to one line, nothing hidden."""
    await unit.save("last-will-payload", "first\u202e\nsecond\n", "test")
    await unit.save("client-id", "x" * 500, "test")
    lines = parameters_table(unit).splitlines()
    assert len(lines) == 13
    assert len({line.index("saved, not active") for line in lines if "saved, not" in line}) == 1
    assert f"first{REPLACEMENT} … (2 lines)" in lines[5]
    assert max(map(len, lines)) < 200
    assert all(line == line.rstrip() for line in lines)


def test_the_status_is_readable_and_harmless() -> None:
    """Every field has a line with its unit; the broker's words cannot touch the terminal."""
    lines = status_text(STATUS).splitlines()
    assert "radio" in lines
    assert "  last frame          2026-11-23T08:00:00Z" in lines
    assert "  last rssi           -87 dBm" in lines
    assert "  retry in            3.1 s" in lines
    assert "  pending             broker-url, data-topic" in lines
    assert "  active since        -" in lines
    assert f"  last error          refused {REPLACEMENT}[2J{REPLACEMENT}" in lines
    failing = replace(STATUS, cache=replace(STATUS.cache, error="the disk is full"))
    assert "  error               the disk is full" in status_text(failing).splitlines()

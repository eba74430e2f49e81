import logging

import pytest

from appliance.forwarding.cache_health import CacheHealth, Fault


def test_an_episode_is_told_at_either_end(caplog: pytest.LogCaptureFixture) -> None:
    """Once when it begins, however often it is met, and once when it is over."""
    health = CacheHealth()
    with caplog.at_level(logging.INFO):
        health.ends(Fault.FULL, "there is room again")
        health.begins(Fault.FULL, "full")
        health.begins(Fault.FULL, "full still")
        assert health.lasts(Fault.FULL)
        assert str(health) == "full still"
        health.ends(Fault.FULL, "there is room again")
    assert [record.message for record in caplog.records] == ["full", "there is room again"]
    assert str(health) == ""


def test_the_gravest_fault_is_shown() -> None:
    """One line is all the room there is."""
    health = CacheHealth()
    health.begins(Fault.FULL, "full")
    health.begins(Fault.REFUSING, "read-only")
    assert str(health) == "read-only"
    health.ends(Fault.REFUSING, "written again")
    assert str(health) == "full"

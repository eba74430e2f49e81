import logging

import pytest

from appliance.ssh import door_log as door_log_module
from appliance.ssh.door_log import MOST_ADDRESSES, DoorLog


def test_a_stranger_is_told_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And after an hour again, with how many attempts there were meanwhile."""
    caplog.set_level(logging.INFO)
    door = DoorLog("tech")
    for _ in range(500):
        door.refused("192.0.2.1", "wrong password")
    assert len(caplog.records) == 1
    monkeypatch.setattr(door_log_module, "TOLD_EVERY_S", 0.0)
    door.refused("192.0.2.1", "wrong password")
    assert caplog.records[1].getMessage() == (
        "login refused from 192.0.2.1: wrong password; 499 more refused before it"
    )


def test_a_crowd_of_strangers_is_told_of_by_its_first(caplog: pytest.LogCaptureFixture) -> None:
    """One address after the other does not fill the log; a technician's login is still told."""
    caplog.set_level(logging.INFO)
    door = DoorLog("tech")
    for number in range(100):
        door.refused(f"192.0.2.{number}", "wrong password")
    assert len(caplog.records) == MOST_ADDRESSES
    door.command_given("192.0.2.7")
    door.screen_opened("192.0.2.7")
    assert [record.getMessage() for record in caplog.records[MOST_ADDRESSES:]] == [
        "tech logged in from 192.0.2.7 to give commands",
        "tech logged in from 192.0.2.7",
    ]

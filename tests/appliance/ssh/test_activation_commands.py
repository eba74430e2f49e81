import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.unit import Unit
from tests.appliance.ssh.command_line import run
from tests.support.certificates import Authority
from tests.support.recording_broker import RecordingBroker


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[RecordingBroker]:
    """A broker whose authority lies in authority.pem."""
    async with RecordingBroker(Authority(tmp_path).server("broker.localhost")) as broker:
        yield broker


async def configure(unit: Unit, broker: RecordingBroker, tmp_path: Path) -> None:
    """Save what it takes for this broker."""
    await run(unit, f"set broker-url ssl://broker.localhost:{broker.port}")
    await run(unit, "set data-topic meters/data")
    await run(unit, "set status-topic meters/status")
    authority = (tmp_path / "authority.pem").read_bytes()
    assert (await run(unit, "set broker-certificate", authority)).status == 0


async def test_activate_names_every_problem(unit: Unit) -> None:
    """One line each on standard error; nothing goes into service."""
    reply = await run(unit, "activate")
    assert reply.status == 1
    assert reply.output == ""
    keys = [line.split(":")[0] for line in reply.errors.splitlines()]
    assert "broker-url" in keys
    assert "data-topic" in keys
    assert unit.active is None


async def test_activate_puts_the_saved_values_into_service(unit: Unit) -> None:
    """States turn active; a later change is pending and shown beside what serves."""
    await run(unit, "set broker-url ssl://broker.localhost:1")
    await run(unit, "set data-topic meters/data")
    reply = await run(unit, "activate --no-check")
    assert (reply.status, reply.output) == (0, "activated, without a check\n")
    assert unit.active == unit.saved
    assert (await run(unit, "set data-topic meters/data")).output == "data-topic: saved\n"
    await run(unit, "set data-topic meters/new")
    await run(unit, "clear broker-url")
    shown = (await run(unit, "show")).output.splitlines()
    assert shown[1].split("  ")[0] == "broker-url"
    assert "cleared, still active" in shown[1]
    assert shown[2].split() == ["in", "service", "ssl://broker.localhost:1"]
    assert shown[4].split() == ["data-topic", "saved,", "not", "active", "meters/new"]
    assert shown[5].split() == ["in", "service", "meters/data"]


async def test_check_tells_every_step_and_changes_nothing(
    unit: Unit, broker: RecordingBroker, tmp_path: Path
) -> None:
    """A line a step; the broker sees a CONNECT and a DISCONNECT, nothing else."""
    await configure(unit, broker, tmp_path)
    reply = await run(unit, "check")
    assert reply.status == 0
    steps = [line.split()[:2] for line in reply.output.splitlines()]
    assert steps == [["ok", name] for name in ("clock", "name", "tcp", "tls", "mqtt")]
    document = json.loads((await run(unit, "check --json")).output)
    assert document["ok"] is True
    assert [step["name"] for step in document["steps"]] == [name for _, name in steps]
    assert (unit.active, broker.publishes) == (None, [])


async def test_check_names_errors_before_it_calls_anybody(unit: Unit) -> None:
    """Status 1, and a line each."""
    reply = await run(unit, "check")
    assert reply.status == 1
    assert "error    broker-url: required and not set" in reply.output
    assert reply.errors == "not ready: 2 errors, and nobody was called\n"
    assert json.loads((await run(unit, "check --json")).output)["ok"] is False


async def test_check_tells_what_failed(unit: Unit, broker: RecordingBroker, tmp_path: Path) -> None:
    """The last line is the failed step, with cause and remedy."""
    await configure(unit, broker, tmp_path)
    broker.script.connack = 5
    reply = await run(unit, "check")
    assert reply.status == 1
    assert reply.output.splitlines()[-1].startswith("failed   mqtt")
    assert "(CONNACK 5)" in reply.output
    assert reply.errors == "not ready: mqtt failed\n"
    assert (await run(unit, "check --json")).errors == reply.errors


async def test_activate_is_confirmed_or_goes_back(
    unit: Unit, broker: RecordingBroker, tmp_path: Path
) -> None:
    """Confirmed: 0. Refused in the rehearsal, or not confirmed: 1, and the old one serves."""
    await configure(unit, broker, tmp_path)
    reply = await run(unit, "activate")
    assert reply.status == 0
    assert reply.output.endswith("activated, confirmed by the broker\n")
    before = unit.active
    await run(unit, "set client-id another")
    broker.script.connack = 2
    reply = await run(unit, "activate")
    assert reply.status == 1
    assert "not activated: the broker refuses the MQTT Client ID" in reply.errors
    assert reply.output.splitlines()[-1].split()[:2] == ["failed", "mqtt"]
    assert "refuses" not in reply.output  # a terminal shows both
    broker.script.connack, broker.script.close_on_publish = 0, 1
    reply = await run(unit, "activate")
    assert reply.status == 1
    assert "not confirmed, the earlier configuration serves again" in reply.errors
    assert reply.output.splitlines()[-1].split()[:2] == ["failed", "puback"]
    assert "is lost" not in reply.output
    assert unit.active == before
    history = (await run(unit, "history")).output.splitlines()
    assert [line.split("  ")[2].strip() for line in history] == ["not kept", "active"]
    assert "went back, as a command does" in history[0]


async def test_rollback_brings_an_earlier_configuration_back_as_the_saved_one(
    unit: Unit,
) -> None:
    """Without a number the last one that differs; secrets come along."""
    assert (await run(unit, "rollback")).status == 1
    await run(unit, "set broker-url ssl://broker.localhost:1")
    await run(unit, "set data-topic first")
    await run(unit, "set client-username user")
    await run(unit, "set client-password hunter2")
    await run(unit, "activate --no-check")
    await run(unit, "set data-topic second")
    await run(unit, "clear client-password")
    await run(unit, "activate --no-check")
    assert (await run(unit, "rollback")).status == 0
    assert (unit.saved["data-topic"], unit.saved["client-password"]) == ("first", "hunter2")
    assert unit.pending == ("data-topic", "client-password")
    assert (await run(unit, "rollback 1")).status == 0
    assert not unit.pending
    assert (await run(unit, "rollback 9")).errors == "there is no activation 9: see history\n"


async def test_compare_shows_what_activate_would_change(unit: Unit) -> None:
    """Line by line, secrets masked."""
    assert (await run(unit, "compare")).output == "saved and active values are the same\n"
    await run(unit, "set broker-url ssl://broker.localhost:1")
    await run(unit, "set data-topic first")
    await run(unit, "activate --no-check")
    await run(unit, "set data-topic second")
    await run(unit, "set client-password hunter2")
    assert (await run(unit, "compare")).output == (
        "- data-topic: first\n+ data-topic: second\n+ client-password: set, another one\n"
    )


async def test_compare_describes_certificates(unit: Unit, tmp_path: Path) -> None:
    """What changes is told from subject, dates and fingerprint; of a key only that it does."""
    authority = Authority(tmp_path)
    old, new = authority.client("unit-1"), authority.client("unit-2")
    await run(unit, "set client-certificate", old.certificate.encode())
    await run(unit, "set client-private-key", old.key.encode())
    await run(unit, "set broker-url ssl://broker.localhost:1")
    await run(unit, "set data-topic data")
    await run(unit, "activate --no-check")
    await run(unit, "set client-certificate", new.certificate.encode())
    await run(unit, "set client-private-key", new.key.encode())
    told = (await run(unit, "compare")).output
    before, after = ([line for line in told.splitlines() if line[0] == sign] for sign in "-+")
    assert before[0].startswith("- client-certificate: CN=unit-1,")
    assert after[0].startswith("+ client-certificate: CN=unit-2,")
    for lines in (before, after):
        assert "years left" in "".join(lines)
        assert "client-certificate: SHA256 " in "".join(lines)
    assert (before[-1], after[-1]) == (
        "- client-private-key: set, the one in service",
        "+ client-private-key: set, another one",
    )
    assert "BEGIN" not in told
    assert not any(line in told for line in (old.key + new.key).splitlines()[1:-1])


async def test_a_running_trial_is_told(unit: Unit, broker: RecordingBroker, tmp_path: Path) -> None:
    """On standard error of status, check and compare, which is no failure; JSON stays as it is."""
    await configure(unit, broker, tmp_path)
    assert (await run(unit, "activate")).status == 0
    await run(unit, "set client-id another")
    for name in ("status", "check", "compare"):
        assert (await run(unit, name)).errors == ""
    broker.script.close_on_publish = 1
    assert await unit.activate("tech from 192.0.2.9") is not None
    for line in ("status", "status --json", "check", "compare"):
        reply = await run(unit, line)
        assert reply.status == 0, reply
        assert re.fullmatch(
            r"warning: the configuration activated by tech from 192\.0\.2\.9 is on trial: .*"
            r"the earlier one serves again in \d\d s\n",
            reply.errors,
        )
        assert "on trial" not in reply.output
    told = json.loads((await run(unit, "status --json")).output)
    assert list(told) == ["unit", "radio", "cache", "broker", "configuration"]

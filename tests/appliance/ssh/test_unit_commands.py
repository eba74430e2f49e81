import json
import re

from appliance.ssh.login import Login
from appliance.ssh.request import Reply
from appliance.unit import Unit
from tests.appliance.ssh.clients import PASSWORD
from tests.appliance.ssh.command_line import run
from tests.support.frames import radio_frame


async def test_status_is_the_units(unit: Unit) -> None:
    """As JSON exactly what the unit says of itself, else a line a field."""
    told = json.loads((await run(unit, "status --json")).output)
    assert list(told) == ["unit", "radio", "cache", "broker", "configuration"]
    assert told["unit"]["serial_number"] == "12345678"
    assert told["radio"]["state"] == "unavailable"
    assert told["broker"]["state"] == "unconfigured"
    text = (await run(unit, "status")).output
    assert "  serial number       12345678\n" in text


async def test_the_log_is_the_journal(unit: Unit) -> None:
    """One line an entry, oldest first; as many of the last as are asked for."""
    for number in range(150):
        await run(unit, f"set client-id unit{number}")
    entries = (await run(unit, "log")).output.splitlines()
    assert len(entries) == 100
    pattern = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  info     client-id saved by tech from 192.0.2.7"
    assert all(re.fullmatch(pattern, entry) for entry in entries)
    assert (await run(unit, "log 3")).output.splitlines() == entries[-3:]
    everything = (await run(unit, "log 999999999")).output
    assert " starts, concentrator " in everything
    assert everything.count("client-id saved") == 150
    assert "unit149" not in everything


async def test_a_changed_password_is_in_the_log(unit: Unit, login: Login) -> None:
    """By whom, and nothing of it."""
    assert (await run(unit, "passwd", f"{PASSWORD}\nanother one\n".encode(), login)).status == 0
    last = (await run(unit, "log 1")).output
    assert last.endswith("  info     password changed by tech from 192.0.2.7\n")


async def test_passwd_changes_the_password(unit: Unit, login: Login) -> None:
    """The old one has to be right, and is of no use afterwards."""
    reply = await run(unit, "passwd", b"wrong\nnew words\n", login)
    assert (reply.status, reply.errors) == (1, "the old password is wrong: nothing was changed\n")
    assert (await run(unit, "passwd", b"only one line\n", login)).status == 2
    reply = await run(unit, "passwd", f"{PASSWORD}\n  short  \n".encode(), login)
    assert (reply.status, reply.errors.split(":")[0]) == (1, "the new password needs 8 characters")
    reply = await run(unit, "passwd", f"{PASSWORD}\nnew words\n".encode(), login)
    assert reply.status == 0
    assert await login.verify("new words")
    assert not await login.verify(PASSWORD)
    assert "new words" not in f"{reply!r}{reply.output}{reply.errors}"


async def test_the_receipt_is_the_units(unit: Unit) -> None:
    """A page to print: ssh tech@unit receipt > receipt.txt."""
    reply = await run(unit, "receipt")
    assert (reply.status, reply.errors) == (0, "")
    assert reply.output.startswith("COMMISSIONING RECEIPT")
    assert " 12345678\n" in reply.output


async def test_quarantine_lists_and_releases(unit: Unit) -> None:
    """What was set aside is described, and comes back to the queue."""
    assert await run(unit, "quarantine") == Reply(0, "no frame is set aside\n")
    unit._cache.append(radio_frame(7), 1_700_000_000, priority=True)
    await unit._cache.quarantine(await unit._cache.read(0, 1), "for “event”: refused")
    listed = (await run(unit, "quarantine")).output
    assert "2023-11-14 22:13:20 UTC  priority  -47 dBm  12 bytes  AAAABwAAAAAAAAAA" in listed
    assert unit.status().cache.quarantined_frames == 1
    assert await run(unit, "quarantine release") == Reply(0, "back in the queue: 1 frame\n")
    status = unit.status()
    assert (status.cache.quarantined_frames, status.cache.frames) == (0, 1)

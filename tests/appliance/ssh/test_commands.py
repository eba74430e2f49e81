import json
from pathlib import Path

import pytest

from appliance.ssh import commands
from appliance.ssh.commands import COMMANDS, InputError, Reply
from appliance.unit import Unit
from tests.support.certificates import Authority


async def run(unit: Unit, line: str, stdin: bytes | None = None) -> Reply:
    """One command; without `stdin` it is a failure to read any."""

    async def read_input() -> bytes:
        assert stdin is not None, "standard input is not to be read"
        return stdin

    return await commands.run(unit, line, read_input, by="tech from 192.0.2.7")


async def test_help_lists_every_command(unit: Unit) -> None:
    """One line a command, with its usage and a summary."""
    reply = await run(unit, "help")
    assert reply.status == 0
    lines = reply.output.splitlines()
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    assert list(COMMANDS) == ["help", "show", "get", "set", "clear", "activate", "status"]
    assert all(COMMANDS[line.split()[0]].usage in line for line in lines)


@pytest.mark.parametrize("line", ["reboot", "", "  ", "helpme now", "sh -c 'id'", "scp -t /"])
async def test_an_unknown_command_is_wrong_usage(unit: Unit, line: str) -> None:
    """The word is named, and help."""
    reply = await run(unit, line)
    word = line.split(maxsplit=1)[0] if line.split() else ""
    assert reply == Reply(2, "", f"unknown command “{word}”: try help\n")


async def test_an_unknown_command_cannot_touch_the_terminal(unit: Unit) -> None:
    """The word repeated is cut short and harmless."""
    reply = await run(unit, "\x1b[2J\u202e" + "x" * 1000)
    assert reply.errors.isprintable() is False  # the newline at its end
    assert reply.errors[:-1].isprintable()
    assert len(reply.errors) < 100


@pytest.mark.parametrize(
    "line",
    [
        "help set",
        "show --yaml",
        "show --json --json",
        "show data-topic",
        "get",
        "get data-topic more",
        "set",
        "set ",
        "clear",
        "clear data-topic more",
        "activate --force",
        "activate now",
        "status -j",
    ],
)
async def test_wrong_usage_shows_the_usage(unit: Unit, line: str) -> None:
    """Missing and surplus words end with status 2 and the usage line, and change nothing."""
    reply = await run(unit, line)
    name = line.split(maxsplit=1)[0]
    assert reply.status == 2
    assert reply.output == ""
    assert reply.errors.startswith(f"{name}: ")
    assert reply.errors.endswith(f"usage: {COMMANDS[name].usage}\n")
    assert reply.errors.count("\n") == 1


@pytest.mark.parametrize("line", ["get x", "set x y", "set x", "clear x"])
async def test_an_unknown_key_is_refused(unit: Unit, line: str) -> None:
    """The key is named, the ones there are are listed, and standard input stays unread."""
    reply = await run(unit, line)
    assert reply.status == 1
    assert reply.errors.startswith("x: no such parameter; one of: broker-url, ")
    assert "show" in reply.errors
    assert reply.errors.count("\n") == 1


async def test_a_saved_value_comes_back(unit: Unit) -> None:
    """Set, get, clear, get; each says in a line what it did."""
    assert await run(unit, "set data-topic meters/data") == Reply(
        0, "data-topic: saved, in service after activate\n"
    )
    assert await run(unit, "get data-topic") == Reply(0, "meters/data\n")
    assert await run(unit, "clear data-topic") == Reply(0, "data-topic: cleared\n")
    assert await run(unit, "get data-topic") == Reply(0, "")


@pytest.mark.parametrize(
    "value",
    ['{ "connected": 0 }', "'quoted'", "  spaces  ", "two\nlines", "tab\there", "\\n", "ö水"],
)
async def test_a_value_is_taken_as_it_stands(unit: Unit, value: str) -> None:
    """Everything behind the one space after KEY: quotes, spaces, newlines and all."""
    assert (await run(unit, f"set last-will-payload {value}")).status == 0
    assert unit.saved["last-will-payload"] == value


async def test_an_empty_value_is_a_value(unit: Unit) -> None:
    """The space behind KEY says that VALUE is given: standard input is not read."""
    await run(unit, "set event-topic meters/event")
    assert (await run(unit, "set event-topic ")).status == 0
    assert unit.saved["event-topic"] == ""
    assert (await run(unit, "set data-topic ")).status == 1


@pytest.mark.parametrize(
    ("stdin", "value"),
    [
        (b"text", "text"),
        (b"text\n", "text"),
        (b"text\r\n", "text"),
        (b"text\n\n", "text\n"),
        (b"text\r", "text\r"),
        (b"\n", ""),
        (b"", ""),
        ("ö\n".encode(), "ö"),
    ],
)
async def test_one_final_newline_of_standard_input_is_dropped(
    unit: Unit, stdin: bytes, value: str
) -> None:
    """One and only one, with its carriage return if it has one."""
    assert (await run(unit, "set last-will-payload", stdin)).status == 0
    assert unit.saved["last-will-payload"] == value


async def test_standard_input_that_is_no_text_is_refused(unit: Unit) -> None:
    """A certificate in DER names the key and asks for PEM."""
    reply = await run(unit, "set broker-certificate", b"0\x82\x03\xff")
    assert reply.status == 1
    assert reply.errors.startswith("broker-certificate: not UTF-8 text (byte 2)")
    assert "PEM" in reply.errors


async def test_refused_standard_input_keeps_its_status(unit: Unit) -> None:
    """Who reads the input knows why it cannot be had; the key is named."""

    async def read_input() -> bytes:
        raise InputError("standard input is a terminal", 2)

    reply = await commands.run(unit, "set data-topic", read_input, by="test")
    assert reply == Reply(2, "", "data-topic: standard input is a terminal\n")


async def test_a_bad_value_is_refused_and_nothing_saved(unit: Unit) -> None:
    """The reason names the key; what was saved before stays."""
    await run(unit, "set data-topic meters/data")
    reply = await run(unit, "set data-topic meters/#")
    assert reply.status == 1
    assert reply.output == ""
    assert reply.errors.startswith("data-topic: ")
    assert unit.saved["data-topic"] == "meters/data"


async def test_warnings_do_not_fail(unit: Unit) -> None:
    """A value that is legal but odd is saved; the warning is on standard error."""
    reply = await run(unit, "set client-username  name")
    assert reply.status == 0
    assert reply.errors.startswith("warning: client-username: begins with white space")
    assert unit.saved["client-username"] == " name"


async def test_a_certificate_arrives_whole(unit: Unit, tmp_path: Path) -> None:
    """From standard input, and back out by get; show tells only what it is."""
    authority = Authority(tmp_path)
    assert (await run(unit, "set broker-certificate", authority.path.read_bytes())).status == 0
    back = (await run(unit, "get broker-certificate")).output
    assert "".join(back.split()) == "".join(authority.certificate.split())
    assert back.endswith("-----\n")
    shown = (await run(unit, "show")).output
    assert "1 certificate, " in shown
    assert "BEGIN" not in shown


async def test_a_secret_is_never_shown(unit: Unit, tmp_path: Path) -> None:
    """Not by get, not by show, not in a refusal, not in a repr."""
    identity = Authority(tmp_path).client("unit")
    replies = [
        await run(unit, "set client-password hunter2"),
        await run(unit, "set client-private-key", identity.key_path.read_bytes()),
        await run(unit, "set client-private-key", identity.key_path.read_bytes()[:-100]),
        await run(unit, "get client-password"),
        await run(unit, "get client-private-key"),
        await run(unit, "show"),
        await run(unit, "show --json"),
        await run(unit, "activate"),
    ]
    assert [reply.status for reply in replies] == [0, 0, 1, 1, 1, 0, 0, 1]
    told = "".join(f"{reply!r}{reply.output}{reply.errors}" for reply in replies)
    assert "hunter2" not in told
    assert not any(line in told for line in identity.key.splitlines()[1:])
    assert json.loads(replies[6].output)["client-password"]["saved"] == "set"


async def test_show_json_is_exact(unit: Unit) -> None:
    """Saved and active in full, and the state, for each of the twelve in their order."""
    await run(unit, "set last-will-payload a\u202e\nb")
    told = json.loads((await run(unit, "show --json")).output)
    assert list(told) == list(unit.saved)
    assert told["last-will-payload"] == {"saved": "a\u202e\nb", "active": "", "state": "pending"}
    assert told["data-topic"] == {"saved": "", "active": "", "state": "empty"}


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
    reply = await run(unit, "activate")
    assert reply == Reply(0, "activated: the saved configuration is in service\n")
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


async def test_status_is_the_units(unit: Unit) -> None:
    """As JSON exactly what the unit says of itself, else a line a field."""
    told = json.loads((await run(unit, "status --json")).output)
    assert list(told) == ["unit", "radio", "cache", "broker", "configuration"]
    assert told["unit"]["serial_number"] == "12345678"
    assert told["radio"]["state"] == "unavailable"
    assert told["broker"]["state"] == "unconfigured"
    text = (await run(unit, "status")).output
    assert "  serial number       12345678\n" in text


async def test_a_store_that_cannot_write_is_reported(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is a refusal in one line, not a crash."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("appliance.parameters.store.replace_file", full)
    reply = await run(unit, "set data-topic meters/data")
    assert reply.status == 1
    assert "No space left on device" in reply.errors
    assert reply.errors.count("\n") == 1

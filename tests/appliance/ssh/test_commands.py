import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from appliance.ssh import commands
from appliance.ssh.commands import COMMANDS, InputError, Reply
from appliance.ssh.login import Login
from appliance.unit import Unit
from tests.appliance.ssh.clients import PASSWORD
from tests.support.certificates import Authority
from tests.support.recording_broker import RecordingBroker


async def run(
    unit: Unit, line: str, stdin: bytes | None = None, login: Login | None = None
) -> Reply:
    """One command; without `stdin` it is a failure to read any, without `login` to need it."""

    async def read_input() -> bytes:
        assert stdin is not None, "standard input is not to be read"
        return stdin

    return await commands.run(unit, cast(Login, login), line, read_input, "tech from 192.0.2.7")


async def test_help_lists_every_command(unit: Unit) -> None:
    """One line a command, with its usage and a summary."""
    reply = await run(unit, "help")
    assert reply.status == 0
    lines = reply.output.splitlines()
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    told = "help show get set clear check activate compare history rollback status export import"
    assert set(COMMANDS) == {*told.split(), "passwd"}
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
        "check now",
        "compare x",
        "history 3",
        "rollback x",
        "rollback 1 2",
        "export x",
        "import x",
        "passwd new",
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
    """The key is named, and the place."""
    reply = await run(unit, "set data-topic", b"a\xff")
    assert reply.status == 1
    assert reply.errors.startswith("data-topic: not UTF-8 text (byte 2)")


async def test_refused_standard_input_keeps_its_status(unit: Unit) -> None:
    """Who reads the input knows why it cannot be had; the key is named."""

    async def read_input() -> bytes:
        raise InputError("standard input is a terminal", 2)

    reply = await commands.run(unit, cast(Login, None), "set data-topic", read_input, "test")
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
    assert json.loads((await run(unit, "check --json")).output)["ok"] is False


async def test_check_tells_what_failed(unit: Unit, broker: RecordingBroker, tmp_path: Path) -> None:
    """The last line is the failed step, with cause and remedy."""
    await configure(unit, broker, tmp_path)
    broker.script.connack = 5
    reply = await run(unit, "check")
    assert reply.status == 1
    assert reply.output.splitlines()[-1].startswith("failed   mqtt")
    assert "(CONNACK 5)" in reply.output


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
    broker.script.connack, broker.script.close_on_publish = 0, 1
    reply = await run(unit, "activate")
    assert reply.status == 1
    assert "not confirmed, the earlier configuration serves again" in reply.errors
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


async def test_export_and_import_move_a_configuration(unit: Unit) -> None:
    """All or nothing; secrets are neither exported nor touched."""
    await run(unit, "set data-topic first")
    await run(unit, "set client-password hunter2")
    exported = (await run(unit, "export")).output
    assert "hunter2" not in exported
    await run(unit, "set data-topic second")
    await run(unit, "set status-topic third")
    assert (await run(unit, "import", exported.encode())).status == 0
    assert (unit.saved["data-topic"], unit.saved["status-topic"]) == ("first", "")
    assert unit.saved["client-password"] == "hunter2"
    broken = exported.replace('"first"', '"#"').encode()
    reply = await run(unit, "import", broken)
    assert (reply.status, reply.errors.split(":")[0]) == (1, "data-topic")
    assert unit.saved["data-topic"] == "first"


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


async def test_show_describes_certificates_and_keys(unit: Unit, tmp_path: Path) -> None:
    """Whose it is, how long it lasts, its fingerprint; of a key its kind, and whether it fits."""
    client = Authority(tmp_path).client("unit-1")
    await run(unit, "set client-certificate", client.certificate.encode())
    await run(unit, "set client-private-key", client.key.encode())
    shown = (await run(unit, "show")).output
    for word in ("CN=unit-1", "days left", "SHA256", "EC P-256", "belongs to"):
        assert word in shown, shown
    assert client.key.splitlines()[1] not in shown


@pytest.mark.parametrize("key", ["broker-certificate", "client-certificate", "client-private-key"])
async def test_a_binary_file_is_named_with_what_converts_it(
    unit: Unit, tmp_path: Path, key: str
) -> None:
    """DER as it comes out of a Windows dialogue, piped as it is."""
    der = ssl.PEM_cert_to_DER_cert(Authority(tmp_path).certificate)
    reply = await run(unit, f"set {key}", der)
    assert (reply.status, "in DER: convert it with: openssl x509" in reply.errors) == (1, True)

import json
import ssl
from pathlib import Path
from typing import cast

import pytest

from appliance.ssh import commands
from appliance.ssh.login import Login
from appliance.ssh.request import InputError, Reply
from appliance.unit import Unit
from tests.appliance.ssh.command_line import run
from tests.support.certificates import Authority


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


async def test_show_describes_certificates_and_keys(unit: Unit, tmp_path: Path) -> None:
    """Whose it is, how long it lasts, its fingerprint; of a key its kind, and whether it fits."""
    client = Authority(tmp_path).client("unit-1")
    await run(unit, "set client-certificate", client.certificate.encode())
    await run(unit, "set client-private-key", client.key.encode())
    shown = (await run(unit, "show")).output
    for word in ("CN=unit-1", "years left", "SHA256", "EC P-256", "belongs to"):
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

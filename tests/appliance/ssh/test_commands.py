import pytest

from appliance.parameters.catalogue import CATALOGUE, Parameter
from appliance.parameters.guidance import GUIDANCE, SERVICES
from appliance.ssh.commands import COMMANDS
from appliance.ssh.request import Reply
from appliance.unit import Unit
from tests.appliance.ssh.command_line import run


async def test_help_lists_every_command(unit: Unit) -> None:
    """One line a command, with its usage and a summary, and one that says how to ask for more."""
    reply = await run(unit, "help")
    assert reply.status == 0
    *lines, hint = reply.output.splitlines()
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    told = "help show get set clear check activate compare history rollback status export import"
    assert set(COMMANDS) == {*told.split(), "passwd", "log", "receipt", "quarantine"}
    assert all(COMMANDS[line.split()[0]].usage in line for line in lines)
    assert hint.startswith("help KEY ")


async def test_help_of_a_command_is_its_line(unit: Unit) -> None:
    """A guess that anybody makes."""
    line = (await run(unit, "help set")).output
    assert line.startswith("set KEY [VALUE]  ")
    assert line in (await run(unit, "help")).output.replace("  " * 4, "  ")


@pytest.mark.parametrize("each", CATALOGUE, ids=lambda each: each.key)
async def test_help_of_a_parameter_tells_all_of_it(unit: Unit, each: Parameter) -> None:
    """Description, meaning, rule, example, and the four services; for any terminal."""
    reply = await run(unit, f"help {each.key}")
    assert (reply.status, reply.errors) == (0, "")
    assert reply.output.isascii()
    assert max(map(len, reply.output.splitlines())) <= 78
    told = " ".join(reply.output.split())
    guidance = GUIDANCE[each.key]
    for text in (each.label, each.description, each.example, guidance.meaning, guidance.rule):
        assert text in told
    for service in SERVICES:
        assert f"At {service} {guidance.where[service]}" in told
    assert ("required" in reply.output.splitlines()[0]) == each.required


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
        "help set get",
        "receipt x",
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
        "log 0",
        "log x",
        "log -1",
        "log 1 2",
        f"log {'9' * 5000}",
        "check now",
        "compare x",
        "history 3",
        "rollback x",
        "rollback 1 2",
        "export x",
        "import x",
        "passwd new",
        "quarantine x",
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


@pytest.mark.parametrize("line", ["get x", "set x y", "set x", "clear x", "help x"])
async def test_an_unknown_key_is_refused(unit: Unit, line: str) -> None:
    """The key is named, the ones there are are listed, and standard input stays unread."""
    reply = await run(unit, line)
    assert reply.status == 1
    assert reply.errors.startswith("x: no such parameter; one of: broker-url, ")
    assert "show" in reply.errors
    assert reply.errors.count("\n") == 1

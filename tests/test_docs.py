"""What the documents say of the program is what the program says."""

import re
from pathlib import Path

from appliance.cli import _parser
from appliance.settings import Settings, parse
from appliance.ssh.commands import COMMANDS
from tests.appliance.parameters.messages import REFUSED

ROOT = Path(__file__).parent.parent


def block(document: str, language: str) -> str:
    """The first block of this language in a document."""
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert found, document
    return found[1]


def test_the_settings_in_the_manual_are_the_defaults() -> None:
    """All of them, with their values."""
    documented = parse(block("docs/operation.md", "toml"), ROOT, "the manual")
    defaults = parse("", ROOT, "defaults")
    assert len(documented.stated) == 15
    for section in ("unit", "ssh", "radio", "cache", "mqtt"):
        assert getattr(documented, section) == getattr(defaults, section)
    assert isinstance(documented, Settings)


def test_every_ssh_command_is_in_the_manual() -> None:
    """With its usage, and no others."""
    manual = (ROOT / "docs/operation.md").read_text()
    table = re.findall(r"^\| `([a-z]+)[^`]*` \|", manual, re.MULTILINE)
    assert sorted(table) == sorted(COMMANDS)
    for command in COMMANDS.values():
        assert f"`{command.usage}`" in manual


def test_every_message_in_the_manual_is_a_real_one() -> None:
    """What is said to be answered is in the table that the tests of the rules walk."""
    manual = (ROOT / "docs/configuration.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", manual, re.MULTILINE)
    answers = {(value, answer) for _, value, answer in REFUSED}
    assert len(rows) == 3
    assert set(rows) <= answers


def test_every_subcommand_is_in_the_readme() -> None:
    """The table lists what `concentrator --help` lists."""
    readme = (ROOT / "README.md").read_text()
    documented = re.findall(r"^\| `concentrator ([a-z-]+)", readme, re.MULTILINE)
    listed = re.findall(r"^    ([a-z-]+)\s", _parser().format_help(), re.MULTILINE)
    assert sorted(documented) == sorted(listed)


def test_every_picture_is_there_and_shows_the_screen() -> None:
    """Those of the README and of the manual, taken by `make pictures`."""
    shown = set()
    for document in ("README.md", "docs/configuration.md", "docs/screen.md"):
        for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", (ROOT / document).read_text()):
            picture = ((ROOT / document).parent / name).resolve()
            shown.add(picture.name)
            for word in ("broker", "connected", "cache", "radio", "receiving"):
                assert f">{word}<" in picture.read_text(), "the title line, of a unit in service"
    assert shown == {path.name for path in (ROOT / "docs").glob("*.svg")}

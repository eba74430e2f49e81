import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.cli import main
from tests.support.concentrator_process import Program, UnitProcess


def run(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """`concentrator` with these arguments, to its end."""
    command = [sys.executable, "-m", "appliance", *arguments]
    return subprocess.run(
        command, check=False, cwd=directory, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "COMMAND"),
        (["nonsense"], "nonsense"),
        (["run", "--nonsense"], "--nonsense"),
        (["provision"], "--serial-number"),
        (["simulate-modem"], "--link"),
        (["simulate-modem", "--link", "m", "--rate", "0"], "--rate"),
        (["simulate-modem", "--link", "m", "--noise", "2"], "--noise"),
        (["simulate-modem", "--link", "m", "--count", "x"], "--count"),
        (["receive", "--topic", "t", "--url", "mqtts://a.b:1"], "write ssl://"),
        (["receive", "--topic", "t", "--url", "ssl://a.b:1", "--key", "k"], "--cert and --key"),
    ],
)
def test_wrong_usage_is_status_2(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the usage, with the word at fault, on standard error."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--settings", "missing.toml"], "missing.toml: No such file or directory: name"),
        (["demo", "--settings", "wrong.toml"], "wrong.toml: [ssh] has no such key: prot: did you"),
        (["simulate-modem", "--link", "wrong.toml"], "wrong.toml: is there and no modem of ours"),
        (
            ["receive", "--topic", "t", "--url", "ssl://a.b:1", "--ca", "missing.pem"],
            "missing.pem: No such file or directory: name a PEM file",
        ),
        (["receive", "--topic", "t", "--url", "ssl://broker.invalid:1"], "the name broker.invalid"),
    ],
)
def test_a_failure_is_one_line_and_status_1(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    """Why, and what to do; never a traceback."""
    (tmp_path / "wrong.toml").write_text("[ssh]\nprot = 1\n")
    done = run(*arguments, directory=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"concentrator: {message}")
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """`run` refuses to start, and says which settings key to change."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "unit.toml").write_text(f'[ssh]\nhost = "127.0.0.1"\nport = {port}\n')
        done = run("run", "--settings", "unit.toml", directory=tmp_path)
    assert done.returncode == 1
    assert f"[ssh] port {port} is in use" in done.stderr.splitlines()[-1]


def test_provision_prints_the_label_once(tmp_path: Path) -> None:
    """A second time it refuses, and says how to insist."""
    (tmp_path / "unit.toml").write_text("")
    arguments = ("provision", "--settings", "unit.toml", "--serial-number", "KAM1")
    first = run(*arguments, "--password", "word", directory=tmp_path)
    assert first.returncode == 0
    assert "KAM1" in first.stdout
    assert "word" in first.stdout
    second = run(*arguments, directory=tmp_path)
    assert (second.returncode, second.stdout) == (1, "")
    assert "--force" in second.stderr


def test_run_provisions_itself_and_stops_cleanly(tmp_path: Path) -> None:
    """The label comes once; SIGTERM ends it with status 0; started again it is the same unit."""
    with UnitProcess(tmp_path, tmp_path / "no modem") as unit:
        assert "KAM73471100" in unit.output
        assert unit.stop() == 0
    with UnitProcess(tmp_path, tmp_path / "no modem") as unit:
        assert unit.output == ""
        assert unit.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_moment_of_starting_stops_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    """However early it comes once the unit has begun to start."""
    with UnitProcess(tmp_path, tmp_path / "no modem") as unit:
        unit.process.send_signal(number)
        assert unit.wait() == 0
        assert "Traceback" not in unit.errors


def test_a_second_run_on_the_same_state_is_refused(tmp_path: Path) -> None:
    """Two units on one cache would damage it; a label is not overwritten under a running one."""
    with UnitProcess(tmp_path, tmp_path / "no modem") as unit:
        for arguments in (["run"], ["provision", "--serial-number", "X", "--force"]):
            done = run(*arguments, "--settings", "settings.toml", directory=tmp_path)
            assert done.returncode == 1
            assert "another concentrator is running" in done.stderr.splitlines()[-1]
        assert unit.stop() == 0


async def test_the_provisioned_serial_number_holds(tmp_path: Path) -> None:
    """What the label says goes before the settings, and the difference is logged."""
    unit = UnitProcess(tmp_path, tmp_path / "no modem")
    arguments = ("provision", "--serial-number", "LABEL1", "--password", "word")
    assert run(*arguments, "--settings", "settings.toml", directory=tmp_path).returncode == 0
    (tmp_path / "label password").write_text("word")
    with unit:
        assert (await unit.status())["unit"]["serial_number"] == "LABEL1"
        assert "the label says serial number LABEL1" in unit.errors


async def test_the_simulated_modem_sends_what_it_was_asked_for(tmp_path: Path) -> None:
    """`simulate-modem --count` ends by itself once a reader has it all."""
    link = tmp_path / "modem"
    options = ("--link", str(link), "--count", "30", "--rate", "1000", "--seed", "7")
    with (
        Program("simulate-modem", *options, directory=tmp_path) as modem,
        UnitProcess(tmp_path, link) as unit,
    ):
        assert await asyncio.to_thread(modem.wait) == 0
        assert (await unit.status())["radio"]["frames"] == 30
        assert await asyncio.to_thread(unit.stop) == 0
    assert not link.is_symlink()


async def test_json_status_has_the_documented_shape(tmp_path: Path) -> None:
    """Key for key as in section 8 of the interfaces."""
    with UnitProcess(tmp_path, tmp_path / "no modem") as unit:
        status = await unit.status()
    shape = {part: list(content) for part, content in status.items()}
    assert shape == {
        "unit": ["serial_number", "version", "uptime_s"],
        "radio": [
            "state", "frames", "priority_frames", "rejected_records", "last_frame", "last_rssi",
            "error",
        ],
        "cache": ["frames", "priority_frames", "dropped_frames", "quarantined_frames", "bytes"],
        "broker": [
            "state", "url", "connects", "published_frames", "published_messages", "last_publish",
            "retry_in_s", "last_error",
        ],
        "configuration": ["active_since", "pending"],
    }  # fmt: skip

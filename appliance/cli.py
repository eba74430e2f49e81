"""The command line (interface 1): arguments in, exit status out, every failure as one line."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from appliance.errors import ConcentratorError
from appliance.head_end import HeadEnd
from appliance.parameters.broker_url import BrokerUrl, parse_broker_url
from appliance.parameters.refusal import Refused
from appliance.parameters.secret import Secret
from appliance.provisioning import is_provisioned, provision
from appliance.radio.simulated_modem import SimulatedModem
from appliance.service import end_of_service, serving
from appliance.settings import LONGEST_SERIAL_NUMBER, is_label_text, load
from appliance.unit import DISTRIBUTION
from tui.session import screen

DONE, FAILED = 0, 1  # 2, wrong usage, is argparse's own


def main(arguments: list[str] | None = None) -> int:
    """Runs `concentrator` with `arguments`, by default the command line's; returns its status."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except (ConcentratorError, Refused) as error:
        print(f"concentrator: {error}", file=sys.stderr)  # noqa: T201
        return FAILED
    except KeyboardInterrupt:  # before the program has come so far as to stop cleanly
        return FAILED
    return DONE


def _run(chosen: argparse.Namespace) -> None:
    async def serve() -> None:
        ended = end_of_service()
        async with serving(settings, screen()):
            await ended

    _log_to_standard_error(logging.INFO)
    settings = load(chosen.settings)
    if not is_provisioned(settings):
        _say(provision(settings))
    asyncio.run(serve())


def _demo(chosen: argparse.Namespace) -> None:
    try:
        from appliance.demo.run import run  # noqa: PLC0415 - needs the optional extra
    except ModuleNotFoundError as error:
        raise ConcentratorError(
            f"the demo needs {error.name}: pip install 'openlinkiq-concentrator[demo]'"
        ) from error
    _log_to_standard_error(logging.WARNING)
    run(load(chosen.settings), screen(), _say, blank=chosen.blank, broker_port=chosen.broker_port)


def _provision(chosen: argparse.Namespace) -> None:
    settings = load(chosen.settings)
    _say(provision(settings, chosen.serial_number, chosen.password, force=chosen.force))


def _simulate_modem(chosen: argparse.Namespace) -> None:
    modem = SimulatedModem(
        chosen.link,
        rate=chosen.rate,
        count=chosen.count,
        priority_share=chosen.priority_share,
        seed=chosen.seed,
        noise=chosen.noise,
    )
    modem.run(_stop_at_signal())


def _receive(chosen: argparse.Namespace) -> None:
    if bool(chosen.cert) != bool(chosen.key):
        chosen.parser.error("--cert and --key belong together: give both")
    if chosen.password and not chosen.username:
        chosen.parser.error("--password needs --username")
    head_end = HeadEnd(
        chosen.url,
        chosen.topic,
        ca=_read(chosen.ca),
        certificate=_read(chosen.cert),
        key=Secret(_read(chosen.key)) if chosen.key else None,
        username=chosen.username,
        password=Secret(chosen.password) if chosen.password else None,
        on_line=_say,
        on_error=lambda line: print(line, file=sys.stderr, flush=True),  # noqa: T201
        as_json=chosen.json,
    )
    head_end.run(_stop_at_signal())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="concentrator",
        description="Forwards OpenlinkIQ radio frames to an MQTT broker; set up over SSH.",
    )
    parser.add_argument("--version", action="version", version=version(DISTRIBUTION))
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Any, summary: str, *, settings: bool) -> Any:
        added = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
        )
        added.set_defaults(run=run, parser=added)
        if settings:
            added.add_argument(
                "--settings", type=Path, metavar="FILE", help="TOML file; all defaults without one"
            )
        return added

    command("run", _run, "run the unit in the foreground", settings=True)

    demo = command("demo", _demo, "run a unit with nothing to plug in", settings=True)
    demo.add_argument("--blank", action="store_true", help="start as from the factory")
    demo.add_argument(
        "--broker-port", type=_port, default=8883, metavar="PORT", help="%(default)s; 0: any"
    )

    label = command("provision", _provision, "give a new unit its label", settings=True)
    label.add_argument(
        "--serial-number", required=True, type=_label_text, metavar="S", help="as on the case"
    )
    label.add_argument("--password", type=_some_text, metavar="P", help="generated unless given")
    label.add_argument("--force", action="store_true", help="replace an earlier label")

    modem = command("simulate-modem", _simulate_modem, "play a radio modem", settings=False)
    modem.add_argument(
        "--link", required=True, type=Path, metavar="PATH", help="where the unit finds its port"
    )
    modem.add_argument(
        "--rate", type=_rate, default=1.0, metavar="FRAMES_PER_S", help="%(default)s"
    )
    modem.add_argument("--count", type=_count, metavar="N", help="frames to send; endless if not")
    modem.add_argument(
        "--priority-share", type=_share, default=0.1, metavar="0..1", help="%(default)s"
    )
    modem.add_argument(
        "--seed", type=int, default=0, metavar="N", help="same seed, same frames; %(default)s"
    )
    modem.add_argument(
        "--noise",
        type=_share,
        default=0.0,
        metavar="0..1",
        help="how often noise precedes a frame; %(default)s",
    )

    receive = command("receive", _receive, "print what a unit publishes", settings=False)
    receive.add_argument("--url", required=True, type=_url, metavar="ssl://HOST:PORT")
    receive.add_argument("--topic", required=True, action="append", metavar="T")
    receive.add_argument("--ca", type=Path, metavar="FILE", help="the system's store unless given")
    receive.add_argument("--cert", type=Path, metavar="FILE")
    receive.add_argument("--key", type=Path, metavar="FILE")
    receive.add_argument("--username", metavar="U")
    receive.add_argument("--password", metavar="P")
    receive.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


def _url(text: str) -> BrokerUrl:
    try:
        return parse_broker_url(text)
    except Refused as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _label_text(text: str) -> str:
    if not is_label_text(text):
        expected = f"1 to {LONGEST_SERIAL_NUMBER} printable characters are expected"
        raise argparse.ArgumentTypeError(f"{expected}, no spaces around them")
    return text


def _some_text(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def _number(text: str, kind: type, low: float, high: float, expected: str) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{expected} is expected, not {text}")
    return value


def _port(text: str) -> int:
    return int(_number(text, int, 0, 65_535, "a port from 0 to 65535"))


def _count(text: str) -> int:
    return int(_number(text, int, 1, float("inf"), "a whole number from 1"))


def _share(text: str) -> float:
    return float(_number(text, float, 0, 1, "a number from 0 to 1"))


def _rate(text: str) -> float:
    return float(_number(text, float, 0.001, 10_000, "a number from 0.001 to 10000"))


def _read(path: Path | None) -> str:
    """The text of a PEM file, "" for none."""
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not PEM text"
        raise ConcentratorError(f"{path}: {reason}: name a PEM file that can be read") from error


def _stop_at_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _say(line: object) -> None:
    try:
        print(line, flush=True)  # noqa: T201
    except OSError as error:
        # The interpreter writes what is left once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ConcentratorError(f"standard output: {error.strerror}") from error


def _log_to_standard_error(level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)  # the unit's journal takes in more than is printed of a demo
    logging.basicConfig(
        level=level,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )

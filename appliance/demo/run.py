"""`concentrator demo`: the real unit between a simulated modem and a broker of its own.

Everything it makes lies in `demo` under the settings' state directory. Certificates are kept from
one run to the next, the unit's own state is made anew: every run begins as the last one did.
"""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.demo.broker import EmbeddedBroker
from appliance.demo.certificates import BROKER_NAME, DemoCertificates
from appliance.head_end import HeadEnd
from appliance.parameters.broker_url import BrokerUrl
from appliance.parameters.catalogue import CATALOGUE
from appliance.provisioning import Label, provision
from appliance.radio.simulated_modem import SimulatedModem
from appliance.service import end_of_service, serving
from appliance.settings import Settings
from appliance.ssh.session import USER, Screen
from appliance.state_dir import sole_user

RATE = 2.0  # frames a second
PRIORITY_SHARE = 0.2
BY = "the demo"
Say = Callable[[object], None]


def run(settings: Settings, screen: Screen, say: Say, *, blank: bool, broker_port: int) -> None:
    """Runs until SIGTERM or SIGINT; `say` prints a line. Raises ConcentratorError.

    With `blank` the unit is as from the factory, and what is to be entered is said instead.
    """
    home = settings.unit.state_dir / "demo"
    with sole_user(settings.unit.state_dir), sole_user(home):
        certificates = DemoCertificates.load_or_create(home / "certificates")
        broker = EmbeddedBroker(
            broker_port,
            certificate=certificates.broker_certificate,
            key=certificates.broker_key,
            authority=certificates.broker_authority,
        )
        broker.start()
        try:
            shutil.rmtree(home / "unit", ignore_errors=True)
            own = _settings(settings, home)
            url = BrokerUrl(BROKER_NAME, broker.port)
            asyncio.run(_run(own, screen, say, certificates, url, home / "modem", blank=blank))
        finally:
            broker.stop()


async def _run(
    settings: Settings,
    screen: Screen,
    say: Say,
    certificates: DemoCertificates,
    url: BrokerUrl,
    modem: Path,
    *,
    blank: bool,
) -> None:
    ended = end_of_service()
    label = await asyncio.to_thread(provision, settings)
    values = _values(settings, certificates, url)
    async with contextlib.AsyncExitStack() as stack:
        simulated = SimulatedModem(modem, rate=RATE, priority_share=PRIORITY_SHARE)
        await stack.enter_async_context(_in_thread("demo modem", simulated.run))
        head_end = _head_end(url, values, say)
        await stack.enter_async_context(_in_thread("demo head-end", head_end.run))
        unit, server = await stack.enter_async_context(serving(settings, screen))
        if not blank:
            for key, text in values.items():
                if key not in ("client-certificate", "client-private-key"):
                    await unit.save(key, text, BY)
            await unit.activate(BY)
        say(_welcome(label, server.port, certificates))
        if blank:
            say(_to_enter(values, certificates))
        await ended


def _settings(settings: Settings, home: Path) -> Settings:
    """The same unit on a simulated modem, its state apart from a real unit's."""
    # A demo is for this machine, unless its settings say otherwise.
    host = settings.ssh.host if "ssh.host" in settings.stated else "127.0.0.1"
    return replace(
        settings,
        unit=replace(settings.unit, state_dir=home / "unit"),
        ssh=replace(settings.ssh, host=host),
        radio=replace(settings.radio, url=str(home / "modem")),
    )


def _values(settings: Settings, certificates: DemoCertificates, url: BrokerUrl) -> dict[str, str]:
    """All twelve parameters as the demo's broker takes them."""
    base = f"/device/{settings.unit.serial_number}"
    return {
        "broker-url": str(url),
        "event-topic": f"{base}/data/event",
        "data-topic": f"{base}/data/endpointdata",
        "last-will-topic": f"{base}/will",
        "last-will-payload": '{ "connected": 0 }',
        "status-topic": f"{base}/status",
        "broker-certificate": certificates.broker_authority.read_text(),
        "client-username": "demo",
        "client-password": "demo",
        "client-id": settings.unit.serial_number,
        "client-certificate": certificates.client_certificate.read_text(),
        "client-private-key": certificates.client_key.read_text(),
    }


def _head_end(url: BrokerUrl, values: dict[str, str], say: Say) -> HeadEnd:
    return HeadEnd(
        url,
        ["#"],  # whatever topic the reader chooses
        ca=values["broker-certificate"],
        certificate="",
        key=None,
        username=None,
        password=None,
        on_line=say,
        on_error=lambda line: say(f"head-end: {line}"),
    )


def _welcome(label: Label, port: int, certificates: DemoCertificates) -> str:
    return (
        f"\nThe unit's label:\n\n{label}\n\n"
        f"Log in from another terminal:  ssh -p {port} {USER}@localhost\n"
        f"The demo's PEM files are in:   {certificates.directory}\n"
        "Stop with Ctrl-C. Each frame is printed as the head-end receives it:\n"
    )


def _to_enter(values: dict[str, str], certificates: DemoCertificates) -> str:
    files = {
        "broker-certificate": certificates.broker_authority,
        "client-certificate": certificates.client_certificate,
        "client-private-key": certificates.client_key,
    }
    width = max(len(parameter.label) for parameter in CATALOGUE)
    lines = (
        f"  {parameter.label:{width}}  "
        + (f"paste {files[parameter.key]}" if parameter.key in files else values[parameter.key])
        for parameter in CATALOGUE
    )
    return "Enter these, save each, then activate:\n\n" + "\n".join(lines) + "\n"


@contextlib.asynccontextmanager
async def _in_thread(name: str, work: Callable[[threading.Event], Any]) -> AsyncIterator[None]:
    """`work(stop)` on a thread, from here to the end of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        await asyncio.to_thread(thread.join)

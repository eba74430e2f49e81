"""Rehearsals against the servers of the tests."""

import socket
import ssl
import threading
from typing import Any

from appliance.forwarding.rehearsal import rehearse
from appliance.parameters.tls import client_context
from appliance.status import Step
from tests.support.certificates import Authority
from tests.support.configurations import configuration
from tests.support.faulty_servers import (
    Serve,
    make,
    serving,
)

ROOT = make("Root", ca=True)
BROKER = make("broker", ROOT)
CLIENTS = make("Clients", ca=True)
UNIT = make("unit", CLIENTS, hosts=())
CLIENT_CERTIFICATE = {"client_certificate": UNIT.pem, "client_private_key": UNIT.key_pem}

AT_ONCE_S = 0.2  # for what never comes
DISCONNECT = b"\xe0\x00"


async def rehearsed(
    port: int, authority: Authority, *, tls_1_3: bool = False, **options: Any
) -> list[Step]:
    """The steps against a broker at this port; parameters in `changes`."""
    chosen = configuration(port, authority, **options.pop("changes", {}))
    context = client_context(chosen, "1.3" if tls_1_3 else "1.2")
    options.setdefault("clock_fault", lambda: None)
    return [step async for step in rehearse(chosen, context, **options)]


def told(steps: list[Step]) -> list[tuple[str, str]]:
    """Names and verdicts."""
    return [(step.name, step.verdict) for step in steps]


async def failure(
    serve: Serve, authority: Authority, *, tls_1_3: bool = False, **options: Any
) -> tuple[str, str]:
    """The step that fails with such a server, and its text; # is the port."""
    options["changes"] = {"broker_certificate": ROOT.pem} | options.get("changes", {})
    with serving(serve) as port:
        *before, last = await rehearsed(port, authority, tls_1_3=tls_1_3, **options)
        assert last.verdict == "failed"
        assert "failed" not in [step.verdict for step in before]
        return last.name, last.text.replace(str(port), "#")


def rehearsal_threads() -> list[str]:
    """Names of the threads at work."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("rehearsal")]


def keep(link: socket.socket, heard: bytearray) -> None:
    """Takes in all that comes, and says nothing."""
    assert isinstance(link, ssl.SSLSocket)
    while data := link.recv(4096):
        heard.extend(data)

import asyncio
import contextlib
import gc
import socket
import threading
from typing import Any

import pytest

from appliance.forwarding import rehearsal
from appliance.forwarding.rehearsal import Bounds, rehearse
from appliance.parameters.tls import client_context
from tests.appliance.forwarding.rehearsals import (
    BROKER,
    DISCONNECT,
    ROOT,
    keep,
    rehearsal_threads,
    rehearsed,
)
from tests.support.certificates import Authority, Identity
from tests.support.configurations import configuration
from tests.support.faulty_servers import (
    black_hole,
    over_tls,
    server_context,
    serving,
    silent,
)
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until


@pytest.mark.parametrize("stuck", ["name", "TCP", "TLS"])
async def test_a_cancelled_step_leaves_nothing(authority: Authority, stuck: str) -> None:
    """Neither a thread nor a socket, once the step's own bound is over."""
    released = threading.Event()

    def lookup(_host: str, port: int, **__: object) -> list[tuple[Any, ...]]:
        released.wait(10 if stuck == "name" else 0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    server = black_hole() if stuck == "TCP" else serving(silent)
    with server as port:
        changes = {"broker_url": f"ssl://broker.example.com:{port}"}
        bounds = Bounds(tcp_s=1, tls_s=1)
        steps = asyncio.create_task(
            rehearsed(port, authority, changes=changes, bounds=bounds, lookup=lookup)
        )
        await until(lambda: f"rehearsal {stuck}" in rehearsal_threads())
        steps.cancel()
        with pytest.raises(asyncio.CancelledError):
            await steps
        released.set()
        await until(lambda: not rehearsal_threads())
    gc.collect()  # an open socket would be a warning now


async def test_cancelled_during_connect_it_takes_its_leave(authority: Authority) -> None:
    """With DISCONNECT: a broker that accepts late does not publish the Last Will."""
    heard = bytearray()
    with serving(over_tls(server_context(BROKER), lambda link: keep(link, heard))) as port:
        changes = {"broker_certificate": ROOT.pem, "last_will_topic": "will"}
        steps = asyncio.create_task(rehearsed(port, authority, changes=changes))
        await until(lambda: heard)
        steps.cancel()
        with pytest.raises(asyncio.CancelledError):
            await steps
        await until(lambda: heard.endswith(DISCONNECT))
    gc.collect()


async def test_an_iterator_closed_early_lets_go(
    authority: Authority, broker_identity: Identity
) -> None:
    """Whoever does not want the rest closes it."""
    chosen_steps = []
    async with RecordingBroker(broker_identity) as broker:
        chosen = configuration(broker.port, authority)
        steps = rehearse(chosen, client_context(chosen, "1.2"), clock_fault=lambda: None)
        async with contextlib.aclosing(steps):
            async for step in steps:
                chosen_steps.append(step.name)
                if step.name == "tls":
                    break
        await until(lambda: broker.connections[0].closed_at)
    assert chosen_steps == ["clock", "name", "tcp", "tls"]
    assert broker.connects == []


@pytest.mark.parametrize("late", ["connect", "secure"])
async def test_a_connection_made_too_late_is_closed(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """The step was cancelled while its thread was about to succeed."""
    begun, released = threading.Event(), threading.Event()
    real = getattr(rehearsal, late)

    def delayed(*given: object) -> object:
        begun.set()
        released.wait(10)
        return real(*given)

    monkeypatch.setattr(rehearsal, late, delayed)
    closed = threading.Event()

    def attend(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            over_tls(server_context(BROKER))(connection)
        closed.set()

    with serving(attend) as port:
        changes = {"broker_certificate": ROOT.pem}
        steps = asyncio.create_task(rehearsed(port, authority, changes=changes))
        await until(begun.is_set)
        steps.cancel()
        with pytest.raises(asyncio.CancelledError):
            await steps
        released.set()
        await until(closed.is_set)
        await until(lambda: not rehearsal_threads())
    gc.collect()  # an open socket would be a warning now

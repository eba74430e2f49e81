import socket
import threading
from pathlib import Path
from typing import Any

from appliance.forwarding.rehearsal import Bounds
from appliance.status import Step
from tests.appliance.forwarding.rehearsals import (
    AT_ONCE_S,
    BROKER,
    ROOT,
    failure,
    rehearsal_threads,
    rehearsed,
    told,
)
from tests.support.certificates import Authority, Identity
from tests.support.configurations import SERIAL_NUMBER
from tests.support.faulty_servers import (
    black_hole,
    closed_port,
    make,
    over_tls,
    server_context,
    serving,
    silent,
)
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt_packets import Kind
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until


async def test_all_is_well(authority: Authority, broker_identity: Identity) -> None:
    """CONNECT as in service, Last Will included; then DISCONNECT, and nothing published."""
    changes = {"last_will_topic": "will", "status_topic": "status"}
    async with RecordingBroker(broker_identity) as broker:
        steps = await rehearsed(broker.port, authority, changes=changes)
        await until(lambda: broker.connections[0].closed_at)
    (connection,) = broker.connections
    assert connection.kinds == [Kind.CONNECT, Kind.DISCONNECT]
    assert connection.connect is not None
    assert connection.connect.will_topic == "will"
    assert connection.connect.client_id == SERIAL_NUMBER
    assert told(steps) == [(name, "ok") for name in ("clock", "name", "tcp", "tls", "mqtt")]
    assert all(step.seconds >= 0 for step in steps)
    clock, name, tcp, tls, mqtt = (step.text for step in steps)
    assert clock == "this unit's clock can be right"
    assert name == "broker.localhost is 127.0.0.1, ::1"
    assert tcp == f"broker.localhost takes connections on port {broker.port}"
    assert tls.startswith("TLS 1.2; certificate of ")
    assert mqtt == f"the broker accepts MQTT Client ID {SERIAL_NUMBER}"


async def test_all_is_well_with_mosquitto(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """The real broker sees an orderly visitor, under TLS 1.3 too."""
    client = authority.client("unit")
    changes = {
        "last_will_topic": "will",
        "client_certificate": client.certificate,
        "client_private_key": client.key,
    }
    with Mosquitto(tmp_path, authority, broker_identity, require_certificate=True) as broker:
        for tls_1_3 in (False, True):
            steps = await rehearsed(broker.port, authority, tls_1_3=tls_1_3, changes=changes)
            assert told(steps)[-1] == ("mqtt", "ok")
            assert steps[-2].text.startswith("TLS 1.3" if tls_1_3 else "TLS 1.2")
        await until(lambda: broker.log().count(f"Received DISCONNECT from {SERIAL_NUMBER}") == 2)
        assert "PUBLISH" not in broker.log()


async def test_a_wrong_clock_is_a_warning(authority: Authority, broker_identity: Identity) -> None:
    """Everything may work all the same."""
    async with RecordingBroker(broker_identity) as broker:
        steps = await rehearsed(broker.port, authority, clock_fault=lambda: "it is 1970 here")
    assert steps[0] == Step("clock", "warning", 0.0, "it is 1970 here")
    assert told(steps)[-1] == ("mqtt", "ok")


async def test_a_wrong_clock_is_to_blame_for_dates(authority: Authority) -> None:
    """Not the certificate."""
    young = make("broker", ROOT, days=(2, 30))
    step, text = await failure(
        over_tls(server_context(young)), authority, clock_fault=lambda: "it is 1970 here"
    )
    assert step == "tls"
    assert text.startswith("this unit's clock is wrong (")
    step, text = await failure(over_tls(server_context(young)), authority)
    assert text.startswith("the certificate of broker.localhost (broker) is valid only from ")


async def test_a_name_that_does_not_exist(authority: Authority) -> None:
    """Asked of the real resolver."""
    changes = {"broker_url": "ssl://broker.invalid:8883"}
    steps = await rehearsed(8883, authority, changes=changes)
    assert told(steps) == [("clock", "ok"), ("name", "failed")]
    assert steps[-1].text.startswith("the name broker.invalid does not exist: check")


async def test_a_resolver_that_says_try_again(authority: Authority) -> None:
    """What the C library says when no server has answered it."""

    def lookup(*_: object, **__: object) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    changes = {"broker_url": "ssl://broker.example.com:8883"}
    *_, last = await rehearsed(8883, authority, changes=changes, lookup=lookup)
    assert last.text == (
        "the name broker.example.com cannot be looked up, because DNS does not answer: "
        "check this unit's network and its DNS server"
    )


async def test_a_resolver_that_does_not_come_back(authority: Authority) -> None:
    """It has no bound of its own; the rehearsal has."""
    released = threading.Event()

    def lookup(*_: object, **__: object) -> list[tuple[Any, ...]]:
        released.wait(10)
        return []

    changes = {"broker_url": "ssl://broker.example.com:8883"}
    bounds = Bounds(name_s=AT_ONCE_S)
    *_, last = await rehearsed(8883, authority, changes=changes, lookup=lookup, bounds=bounds)
    released.set()
    assert (last.name, last.verdict) == ("name", "failed")
    assert "because DNS does not answer" in last.text
    await until(lambda: not rehearsal_threads())


async def test_many_addresses_are_counted(authority: Authority) -> None:
    """The line stays short; the first that answers is taken."""

    def lookup(_host: str, port: int, **__: object) -> list[tuple[Any, ...]]:
        addresses = [f"127.0.0.{n}" for n in range(1, 7)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    with serving(over_tls(server_context(BROKER))) as port:
        changes = {"broker_url": f"ssl://broker.example.com:{port}"}
        _, name, tcp, tls = await rehearsed(port, authority, changes=changes, lookup=lookup)
    assert name.text == (
        "broker.example.com is 127.0.0.1, 127.0.0.2, 127.0.0.3, 127.0.0.4 and 2 more"
    )
    assert (tcp.verdict, tls.verdict) == ("ok", "failed")


async def test_a_closed_port(authority: Authority) -> None:
    """The third step is the last then."""
    steps = await rehearsed(closed_port(), authority)
    assert told(steps) == [("clock", "ok"), ("name", "ok"), ("tcp", "failed")]
    assert "refuses connections on port" in steps[-1].text


async def test_a_filtered_port(authority: Authority) -> None:
    """Nothing comes back."""
    with black_hole() as port:
        steps = await rehearsed(port, authority, bounds=Bounds(tcp_s=AT_ONCE_S))
    assert told(steps)[-1] == ("tcp", "failed")
    assert f"does not answer on port {port}: check the port in the Broker URL" in steps[-1].text


async def test_a_silent_port(authority: Authority) -> None:
    """TLS is waited for no longer than it may take."""
    step, text = await failure(silent, authority, bounds=Bounds(tls_s=AT_ONCE_S))
    assert step == "tls"
    assert "accepts the connection on port # and then stays silent" in text


def test_the_whole_ends_within_30_s() -> None:
    """Whatever the network does: the sum of what each step may take."""
    bounds = Bounds()
    assert bounds.worst_s == 28
    assert bounds.worst_s >= (
        bounds.name_s + bounds.tcp_s + bounds.tls_s + max(bounds.look_s, bounds.connack_s)
    )

"""Whatever a broker does: all is delivered once it behaves, and twice only without a PUBACK."""

import asyncio
import gc
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from appliance.forwarding import broker_session
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.forwarder import WINDOW
from appliance.forwarding.mqtt_client import MqttClient
from appliance.settings import MqttSettings
from tests.appliance.forwarding.forwarders import delivered, fill, forwarding
from tests.appliance.forwarding.hurry import be_patient, hurry
from tests.support.certificates import Authority
from tests.support.fault_proxy import FaultProxy, Faults
from tests.support.frames import numbers
from tests.support.mqtt_packets import Kind, Publish
from tests.support.recording_broker import SILENCE, RecordingBroker, puback
from tests.support.waiting import until

SMALL = MqttSettings(batch_frames=10)


@pytest.fixture(autouse=True)
def _never_a_spin(broker: RecordingBroker, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Waits are short; but there was one before every attempt, growing until something passed."""
    asked = hurry(monkeypatch)
    yield
    assert len(broker.connections) <= len(asked) + 1
    assert all(retry == 0 or retry == before + 1 for (before, _), (retry, _) in pairwise(asked))
    assert all(2 * min(retry, 6) <= delay < 2 * min(retry, 6) + 1 for retry, delay in asked)


def arrived(broker: RecordingBroker) -> list[int]:
    """The frames that came, in order, each once."""
    return list(dict.fromkeys(numbers(p.payload for p in broker.publishes if p.topic != "status")))


def doubled(broker: RecordingBroker) -> set[int]:
    """The frames that came more than once."""
    sent = Counter(numbers(p.payload for p in broker.publishes if p.topic != "status"))
    return {number for number, times in sent.items() if times > 1}


async def test_never_acknowledged(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Given up, connected anew, and delivered as soon as it acknowledges."""
    broker.script.hold_pubacks = True
    fill(cache, *range(50))
    async with forwarding(cache, authority, broker.port, SMALL) as forwarder:
        await until(lambda: len(broker.connections) >= 4)
        assert "has not acknowledged a message" in (forwarder.last_error or "")
        broker.script.hold_pubacks = False
        await until(delivered(cache))
        await until(lambda: forwarder.last_error is None)
    assert arrived(broker) == list(range(50))


async def test_one_message_is_passed_over(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """That others are acknowledged does not keep the connection for a message that is not."""
    first: list[int] = []

    def answer(publish: Publish) -> bytes:
        first.append(publish.mid or 0)
        return b"" if publish.mid == first[0] else puback(publish)

    broker.script.answer = answer
    number = iter(range(10_000))
    async with forwarding(cache, authority, broker.port):
        while len(broker.connections) < 2:
            fill(cache, next(number))  # acknowledged all the time
            await asyncio.sleep(0.01)
        broker.script.answer = None
        await until(delivered(cache))
    again = doubled(broker)
    assert 0 in again
    sent = [numbers([each.payload]) for each in broker.connections[0].publishes]
    assert sum(not again.isdisjoint(each) for each in sent) <= WINDOW  # what was on its way


@pytest.mark.parametrize("shift", [1, -1, 30_000])
async def test_another_message_is_acknowledged(
    cache: FrameCache, authority: Authority, broker: RecordingBroker, shift: int
) -> None:
    """With an id that is not the message's: it counts for nothing that was not sent."""
    broker.script.answer = lambda publish: puback(publish, shift)
    async with forwarding(cache, authority, broker.port):
        fill(cache, 0)
        await until(lambda: len(broker.connections) >= 3)
        assert cache.counts().cached == 1
        broker.script.answer = None
        await until(delivered(cache))
    assert arrived(broker) == [0]


async def test_acknowledged_twice(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second PUBACK settles nothing else."""
    be_patient(monkeypatch, 10)
    broker.script.answer = lambda publish: puback(publish) * 2
    fill(cache, *range(300))
    async with forwarding(cache, authority, broker.port, SMALL):
        await until(delivered(cache))
    assert numbers(p.payload for p in broker.publishes) == list(range(300))
    assert len(broker.connections) == 1


async def test_acknowledged_late_on_the_next_connections(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """A PUBACK for a message of the first connection settles none of a later one."""
    broker.script.answer = lambda _: puback(broker.publishes[0]) if broker.connections[1:] else b""
    async with forwarding(cache, authority, broker.port):
        fill(cache, 0)
        await until(lambda: broker.publishes)
        fill(cache, 1)  # joins frame 0 in the first message of the next connection
        await until(lambda: len(broker.connections) >= 4)
        assert cache.counts().cached == 2
        broker.script.answer = None
        await until(delivered(cache))


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, None, SILENCE])
async def test_not_accepted(
    cache: FrameCache, authority: Authority, broker: RecordingBroker, code: int | None
) -> None:
    """Every refusal is tried again, for ever, and nothing is sent before a CONNACK 0."""
    broker.script.connack = code
    fill(cache, *range(20))
    async with forwarding(cache, authority, broker.port) as forwarder:
        await until(lambda: len(broker.connections) >= 4)
        assert forwarder.last_error
        assert not broker.publishes
        broker.script.connack = 0
        await until(delivered(cache))
    assert arrived(broker) == list(range(20))


async def test_stalls_in_tls(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """TCP is there, and nothing more."""
    broker.script.stall_in_tls = True
    fill(cache, 0)
    async with forwarding(cache, authority, broker.port) as forwarder:
        await until(lambda: len(broker.connections) >= 3)
        assert "stays silent" in (forwarder.last_error or "")
        broker.script.stall_in_tls = False
        await until(delivered(cache))


async def test_half_open(cache: FrameCache, authority: Authority, broker: RecordingBroker) -> None:
    """The connection is there, and nobody at its end."""
    async with forwarding(cache, authority, broker.port, connect=True) as forwarder:
        await until(lambda: forwarder.state == "connected")
        broker.hearing.clear()
        fill(cache, *range(10))
        await until(lambda: len(broker.connections) >= 2)
        broker.hearing.set()
        await until(delivered(cache))


@pytest.mark.parametrize("after", [1, 2, 7])
@pytest.mark.parametrize("status", ["", "status"])
async def test_drops_every_connection_after_so_many_messages(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    after: int,
    status: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those before are through, and nothing is set aside or sent twice."""
    be_patient(monkeypatch, 10)
    broker.script.close_after_publishes = after
    fill(cache, *range(400))
    async with forwarding(cache, authority, broker.port, SMALL, status_topic=status):
        await until(lambda: len(broker.connections) >= 5)
        broker.script.close_after_publishes = None
        await until(delivered(cache))
    acknowledged = [
        number
        for connection in broker.connections
        for number in numbers(p.payload for p in connection.publishes if p.topic != "status")
    ]
    assert sorted(acknowledged) == list(range(400))  # whatever came was acknowledged
    assert cache.counts().quarantined == 0


async def test_one_byte_at_a_time(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In packets, in TLS records and in everything else: a byte."""
    be_patient(monkeypatch, 10)
    broker.script.drip = True
    fill(cache, *range(100))
    async with forwarding(cache, authority, broker.port, SMALL):
        await until(delivered(cache))
    assert len(broker.connections) == 1
    assert not doubled(broker)


NOISE = random.Random(1).randbytes(3000)


@pytest.mark.parametrize(
    "said",
    [
        NOISE,
        b"\x00" * 100,  # a reserved type
        b"\xf0\x00",  # the other one
        b"\x40\xff\xff\xff\xff\x7f",  # a length that has no end
        b"\x40\x03\x00\x01\x00",  # a PUBACK that is too long
        b"\x50\x02\x00\x01",  # PUBREC, PUBREL and PUBCOMP, for what was sent at QoS 1
        b"\x62\x02\x00\x01",
        b"\x70\x02\x00\x01",
        b"\x20\x02\x00\x00",  # a second CONNACK
        b"\x30\xff\xff\xff\x7f" + bytes(200_000),  # the largest packet that there can be
        b"\x10\x00",  # what only a client sends
    ],
)
async def test_nonsense_ends_the_connection(
    cache: FrameCache, authority: Authority, broker: RecordingBroker, said: bytes
) -> None:
    """In place of a PUBACK: a new connection, and delivery there."""
    broker.script.answer = lambda _: said
    async with forwarding(cache, authority, broker.port) as forwarder:
        fill(cache, 0)
        await until(lambda: len(broker.connections) >= 3)
        assert forwarder.last_error
        assert cache.counts().cached == 1
        broker.script.answer = None
        await until(delivered(cache))


@pytest.mark.parametrize(
    "said",
    [
        b"\x90\x03\x00\x01\x01",  # a SUBACK
        b"\xb0\x02\x00\x01",  # an UNSUBACK
        b"\x32\x08\x00\x01t\x00\x01abc" * 500,  # PUBLISH: a client that the broker subscribed
        b"\xd0\x00" * 5000,  # a flood of PINGRESP
    ],
)
async def test_what_nobody_asked_for_is_passed_over(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    said: bytes,
) -> None:
    """It costs neither the connection nor an answer."""
    be_patient(monkeypatch, 10)
    broker.script.answer = lambda publish: said + puback(publish)
    fill(cache, *range(100))
    async with forwarding(cache, authority, broker.port, SMALL):
        await until(delivered(cache))
    assert len(broker.connections) == 1
    assert set(broker.connections[0].kinds) == {Kind.CONNECT, Kind.PUBLISH, Kind.DISCONNECT}


async def test_a_slow_line(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A message that takes three times the patience for a PUBACK: bytes are progress."""
    monkeypatch.setattr(broker_session, "ACK_TIMEOUT_S", 0.7)
    fill(cache, *range(2500))
    large = MqttSettings(batch_frames=2500, max_payload=1_000_000)
    async with FaultProxy(broker.port) as line:
        line.faults = Faults(bytes_per_s=200_000)
        async with forwarding(cache, authority, line.port, large):
            await until(delivered(cache), 20)
    (publish,) = broker.publishes
    assert len(publish.payload) > 400_000


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: None,
        lambda _: NOISE,
        lambda _: b"\x30\xff\xff\xff\x7f" + bytes(1_000_000),
        lambda publish: b"\x32\x08\x00\x01t\x00\x01abc" * 10_000 + puback(publish, 1),
    ],
)
async def test_memory_stays_flat(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    answer: Callable[[Publish], bytes | None],
) -> None:
    """However often it is tried, and however much a broker says."""
    broker.script.answer = answer
    fill(cache, *range(30))
    async with forwarding(cache, authority, broker.port, SMALL):
        await until(lambda: len(broker.connections) >= 3, 20)
        broker.connections.clear()
        tracemalloc.start()
        try:
            await until(lambda: len(broker.connections) >= 5, 30)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        gc.collect()
        assert sum(isinstance(each, MqttClient) for each in gc.get_objects()) <= 2
    assert peak < 8_000_000  # most of it is the broker's

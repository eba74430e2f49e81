import asyncio

import pytest

from appliance.forwarding import broker_session
from appliance.forwarding.broker_session import BrokerError, BrokerSession
from appliance.parameters.tls import client_context
from tests.support.certificates import Authority, Identity
from tests.support.configurations import SERIAL_NUMBER, configuration
from tests.support.fault_proxy import FaultProxy
from tests.support.faulty_servers import make, over_tls, server_context, serving
from tests.support.mqtt_packets import Kind
from tests.support.recording_broker import SILENCE, RecordingBroker
from tests.support.waiting import until


def session(broker: RecordingBroker, authority: Authority, **changes: str) -> BrokerSession:
    """A session with `broker`, not yet open."""
    chosen = configuration(broker.port, authority, **changes)
    return BrokerSession(chosen, client_context(chosen, "1.2"), lambda: None)


async def test_what_is_on_the_wire(authority: Authority, broker_identity: Identity) -> None:
    """The guide's parameters, as a broker sees them."""
    client = authority.client("unit")
    async with RecordingBroker(broker_identity, clients=authority) as broker:
        link = session(
            broker,
            authority,
            last_will_topic="will",
            last_will_payload='{ "connected": 0 }',
            status_topic="status",
            client_username="user",
            client_password="password",
            client_certificate=client.certificate,
            client_private_key=client.key,
        )
        await link.open()
        await link.publish("data", b"payload")
        await link.close()
        await until(lambda: broker.connections[0].closed_at)
    (connection,) = broker.connections
    assert connection.tls_version == "TLSv1.2"
    assert connection.server_name == "broker.localhost"
    assert connection.client_certificate
    assert connection.kinds == [Kind.CONNECT, Kind.PUBLISH, Kind.PUBLISH, Kind.DISCONNECT]
    connect = connection.connect
    assert connect is not None
    assert (connect.protocol_name, connect.level) == ("MQTT", 4)
    assert (connect.clean_session, connect.keep_alive) == (True, 60)
    assert connect.client_id == SERIAL_NUMBER
    assert (connect.username, connect.password) == ("user", b"password")
    assert (connect.will_topic, connect.will_payload) == ("will", b'{ "connected": 0 }')
    assert (connect.will_qos, connect.will_retain) == (1, False)
    status, data = connection.publishes
    assert (status.topic, status.payload) == ("status", b'{ "connected": 1 }')
    assert (data.topic, data.payload) == ("data", b"payload")
    for publish in (status, data):
        assert (publish.qos, publish.retain, publish.dup) == (1, False, False)


async def test_what_is_not_set_is_not_sent(authority: Authority, broker_identity: Identity) -> None:
    """No will, no user, no status message; a username may stand alone (ThingsBoard's token)."""
    async with RecordingBroker(broker_identity) as broker:
        for changes in ({}, {"client_username": "token"}):
            link = session(broker, authority, **changes)
            await link.open()
            await link.close()
            await until(lambda: broker.connections[-1].closed_at)
    bare, token = broker.connects
    assert (bare.will_topic, bare.username, bare.password) == (None, None, None)
    assert (token.username, token.password) == ("token", None)
    assert broker.publishes == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (1, "does not speak MQTT 3.1.1"),
        (2, "refuses the MQTT Client ID"),
        (3, "is unavailable"),
        (4, "refuses the MQTT Client Username or Password"),
        (5, "does not authorise this client"),
        (None, "closed the connection without answering"),
    ],
)
async def test_a_refusal_is_told_in_words(
    authority: Authority, broker_identity: Identity, code: int | None, message: str
) -> None:
    """Each return code of CONNACK says what to do (MQTT 3.1.1, table 3.1)."""
    async with RecordingBroker(broker_identity) as broker:
        broker.script.connack = code
        link = session(broker, authority)
        with pytest.raises(BrokerError, match=message):
            await link.open()
        await link.close()
        assert len(broker.connections) == 1


async def test_a_lost_connection_cancels_what_was_not_acknowledged(
    authority: Authority, broker_identity: Identity
) -> None:
    """Nobody waits for ever, and whoever opened the session is told."""
    async with RecordingBroker(broker_identity) as broker:
        broker.script.hold_pubacks = True
        told = asyncio.Event()
        chosen = configuration(broker.port, authority)
        link = BrokerSession(chosen, client_context(chosen, "1.2"), told.set)
        await link.open()
        waiting = link.publish("data", b"1")
        await until(lambda: broker.publishes)
        await broker.stop()
        await asyncio.wait_for(told.wait(), 10)
        assert waiting.cancelled()
        assert "is lost" in (link.lost or "")
        assert link.publish("data", b"2").cancelled()
        await link.close()


async def test_a_broker_that_does_not_acknowledge_is_given_up(
    authority: Authority, broker_identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paho would wait for ever on a connection that is up."""
    monkeypatch.setattr(broker_session, "ACK_TIMEOUT_S", 0.1)
    async with RecordingBroker(broker_identity) as broker:
        broker.script.hold_pubacks = True
        link = session(broker, authority)
        await link.open()
        waiting = link.publish("data", b"1")
        await until(lambda: link.lost)
        assert "has not acknowledged" in (link.lost or "")
        await until(waiting.cancelled)
        await link.close()


async def test_a_slow_line_is_not_taken_for_a_silent_broker(
    authority: Authority, broker_identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as PUBACKs come, however slowly for the last message in the row."""
    monkeypatch.setattr(broker_session, "ACK_TIMEOUT_S", 2.0)
    async with RecordingBroker(broker_identity) as broker:
        broker.script.hold_pubacks = True
        link = session(broker, authority)
        await link.open()
        waiting = [link.publish("data", bytes([n])) for n in range(6)]
        await until(lambda: len(broker.publishes) == 6)
        for done in range(6):
            link._progress._at -= 1.5  # as if it had taken so long
            link._watch_progress()
            assert link.lost is None
            broker.release_puback()
            await until(waiting[done].done)
        await link.close()


async def test_a_large_message_arrives_whole(
    authority: Authority, broker_identity: Identity
) -> None:
    """More than fits in the socket's buffer, several at a time."""
    payloads = [bytes([n]) * 3_000_000 for n in range(4)]
    async with RecordingBroker(broker_identity) as broker:
        link = session(broker, authority)
        await link.open()
        await asyncio.gather(*(link.publish("data", payload) for payload in payloads))
        await link.close()
        assert [publish.payload for publish in broker.publishes] == payloads


async def test_an_attempt_abandoned_before_the_connack_closes_its_socket(
    authority: Authority, broker_identity: Identity
) -> None:
    """The broker sees the end of the connection (and an open socket would be a warning)."""
    async with RecordingBroker(broker_identity) as broker:
        broker.script.connack = SILENCE
        link = session(broker, authority)
        opening = asyncio.create_task(link.open())
        await until(lambda: broker.connects)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await until(lambda: broker.connections[0].closed_at)


async def test_keep_alive_is_kept(
    authority: Authority, broker_identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet connection is pinged within the keep alive."""
    monkeypatch.setattr(broker_session, "KEEP_ALIVE_S", 1)
    async with RecordingBroker(broker_identity) as broker:
        link = session(broker, authority)
        await link.open()
        await until(lambda: Kind.PINGREQ in broker.connections[0].kinds)
        await link.close()


async def test_it_pings_before_the_keep_alive_is_over(
    authority: Authority, broker_identity: Identity
) -> None:
    """Paho looks once a second: what it does at the end of the time is too late by the letter."""
    async with RecordingBroker(broker_identity) as broker:
        link = session(broker, authority)
        await link.open()
        assert broker.connects[0].keep_alive == 60
        assert link._client._keepalive == 45
        await link.close()


async def test_a_message_number_is_not_used_again_on_the_next_connection(
    authority: Authority, broker_identity: Identity
) -> None:
    """A PUBACK that comes late could be taken for another message's."""
    ids = broker_session.all_message_ids()
    chosen = configuration(8883, authority)
    async with RecordingBroker(broker_identity) as broker:
        chosen = configuration(broker.port, authority)
        for _ in range(2):
            link = BrokerSession(chosen, client_context(chosen, "1.2"), lambda: None, ids)
            await link.open()
            await link.publish("data", b"1")
            await link.publish("data", b"2")
            await link.close()
    assert [publish.mid for publish in broker.publishes] == [1, 2, 3, 4]


def test_message_numbers_begin_again_behind_the_last() -> None:
    """16 bits, and 0 is not allowed (MQTT 3.1.1, 2.3.1)."""
    ids = broker_session.all_message_ids()
    first = [next(ids) for _ in range(65_536)]
    assert (first[0], first[-2], first[-1]) == (1, 65_535, 1)


async def test_without_a_greeting_nothing_is_confirmed(
    authority: Authority, broker_identity: Identity
) -> None:
    """The status message is left out on request; its PUBACK is then no proof of anything."""
    async with RecordingBroker(broker_identity) as broker:
        link = session(broker, authority, status_topic="status")
        await link.open(greet=False)
        assert link.greeting.cancelled()
        await link.close()
        await until(lambda: broker.connections[0].closed_at)
        assert broker.publishes == []


@pytest.mark.parametrize(("politely", "hung_up"), [(True, True), (False, False)])
async def test_who_ended_the_connection(
    authority: Authority, broker_identity: Identity, politely: bool, hung_up: bool
) -> None:
    """The far end in good order, or the line."""
    async with RecordingBroker(broker_identity) as broker, FaultProxy(broker.port) as line:
        chosen = configuration(line.port, authority)
        link = BrokerSession(chosen, client_context(chosen, "1.2"), lambda: None)
        await link.open()
        await (broker.stop() if politely else line.reset())
        await until(lambda: link.lost)
        assert link.hung_up == hung_up
        assert not link.silent
        await link.close()


async def test_a_wrong_clock_is_named_where_it_makes_certificates_fail(
    authority: Authority,
) -> None:
    """Not the certificate, which nobody can judge."""
    root = make("root", ca=True, hosts=())
    early = make("broker", root, days=(1, 30))
    with serving(over_tls(server_context(early))) as port:
        chosen = configuration(port, authority, broker_certificate=root.pem)
        for clock_is_wrong, words in ((True, "this unit's clock is wrong"), (False, "only from")):
            link = BrokerSession(
                chosen,
                client_context(chosen, "1.2"),
                lambda: None,
                clock_is_wrong=clock_is_wrong,
            )
            with pytest.raises(BrokerError, match=words):
                await link.open()

import asyncio
import socket
import ssl
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.certificates import Authority
from tests.support.mqtt_packets import Kind
from tests.support.recording_broker import RecordingBroker
from tests.support.subscriber import LoopbackClient
from tests.support.waiting import until


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who made the broker's certificate."""
    return Authority(tmp_path)


def handshake(port: int, context: ssl.SSLContext) -> None:
    """A TLS handshake and nothing more."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="broker.localhost"),
    ):
        pass


@pytest.fixture
def broker(authority: Authority) -> RecordingBroker:
    """A broker for broker.localhost, not yet started."""
    return RecordingBroker(authority.server("broker.localhost"))


def client(context: ssl.SSLContext) -> LoopbackClient:
    """A paho client that does not reconnect."""
    made = LoopbackClient(
        CallbackAPIVersion.VERSION2,
        client_id="unit 1",
        protocol=mqtt.MQTTv311,
        reconnect_on_failure=False,
    )
    made.tls_set_context(context)
    return made


async def connect(made: mqtt.Client, port: int, keep_alive: int = 60) -> None:
    """Make TCP and TLS, start paho's thread; CONNACK is still to come."""
    await asyncio.to_thread(made.connect, "broker.localhost", port, keep_alive)
    made.loop_start()


async def disconnect(made: mqtt.Client) -> None:
    """Send DISCONNECT and end paho's thread."""
    made.disconnect()
    await asyncio.to_thread(made.loop_stop)


async def test_connect_is_recorded_to_the_last_field(
    broker: RecordingBroker, authority: Authority
) -> None:
    """Every field of paho's CONNECT, the TLS version and the SNI name are found again."""
    made = client(authority.client_context())
    made.username_pw_set("åse", "päss")
    made.will_set("will/é", b"\x00gone", qos=1, retain=False)
    async with broker:
        await connect(made, broker.port, keep_alive=60)
        await until(lambda: broker.connects)
        await disconnect(made)
        connection = broker.connections[0]
        await until(lambda: connection.closed_at is not None)
    told = broker.connects[0]
    assert (told.protocol_name, told.level, told.keep_alive) == ("MQTT", 4, 60)
    assert (told.clean_session, told.flags) == (True, 0b1100_1110)
    assert told.client_id == "unit 1"
    assert (told.will_topic, told.will_payload) == ("will/é", b"\x00gone")
    assert (told.will_qos, told.will_retain) == (1, False)
    assert (told.username, told.password) == ("åse", "päss".encode())
    assert connection.server_name == "broker.localhost"
    assert connection.tls_version == "TLSv1.3"
    assert connection.kinds == [Kind.CONNECT, Kind.DISCONNECT]
    assert connection.packets[-1].raw == b"\xe0\x00"


async def test_publishes_are_recorded_and_acknowledged(
    broker: RecordingBroker, authority: Authority
) -> None:
    """Topic, payload, QoS, retain, DUP and message id are found again; QoS 1 gets its PUBACK."""
    made = client(authority.client_context())
    large = bytes(range(256)) * 300
    async with broker:
        await connect(made, broker.port)
        await until(made.is_connected)
        sent = [made.publish("a/b", large, qos=1), made.publish("é", b"", qos=0, retain=True)]
        await until(lambda: all(each.is_published() for each in sent))
        await until(lambda: len(broker.publishes) == 2)
        await disconnect(made)
    first, second = broker.publishes
    assert (first.topic, first.payload, first.qos, first.retain) == ("a/b", large, 1, False)
    assert (first.dup, first.mid) == (False, sent[0].mid)
    assert (second.topic, second.payload, second.mid, second.retain) == ("é", b"", None, True)
    assert first.at <= second.at


async def test_keep_alive_is_answered(broker: RecordingBroker, authority: Authority) -> None:
    """A PINGREQ is recorded and gets its PINGRESP, so the connection stays."""
    made = client(authority.client_context())
    async with broker:
        await connect(made, broker.port, keep_alive=1)
        await until(made.is_connected)
        await until(lambda: broker.connections[0].kinds.count(Kind.PINGREQ) >= 2)
        assert made.is_connected()
        await disconnect(made)
    assert len(broker.connections) == 1


async def test_pubacks_are_held_until_released(
    broker: RecordingBroker, authority: Authority
) -> None:
    """While held nothing is acknowledged; released, everything is."""
    broker.script.hold_pubacks = True
    made = client(authority.client_context())
    async with broker:
        await connect(made, broker.port)
        await until(made.is_connected)
        sent = [made.publish("t", str(number), qos=1) for number in range(3)]
        await until(lambda: len(broker.publishes) == 3)
        assert not any(each.is_published() for each in sent)
        broker.release_pubacks()
        await until(lambda: all(each.is_published() for each in sent))
        await disconnect(made)


@pytest.mark.parametrize(
    ("hook", "acknowledged"), [("close_on_publish", 1), ("close_after_publishes", 2)]
)
async def test_connection_is_closed_at_a_publish(
    broker: RecordingBroker, authority: Authority, hook: str, acknowledged: int
) -> None:
    """The second PUBLISH ends the connection, before or after its PUBACK as the script says."""
    setattr(broker.script, hook, 2)
    made = client(authority.client_context())
    async with broker:
        await connect(made, broker.port)
        await until(made.is_connected)
        sent = [made.publish("t", str(number), qos=1) for number in range(2)]
        await until(lambda: broker.connections[0].closed_at is not None)
        await disconnect(made)
    assert [each.is_published() for each in sent].count(True) == acknowledged
    assert broker.connections[0].closed_at is not None


@pytest.mark.parametrize("code", [5, None])
async def test_connection_is_refused(
    broker: RecordingBroker, authority: Authority, code: int | None
) -> None:
    """The scripted CONNACK code arrives; None closes the connection without any."""
    broker.script.connack = code
    reasons: list[str] = []
    made = client(authority.client_context())
    made.on_connect = lambda _client, _data, _flags, reason, _: reasons.append(str(reason))
    async with broker:
        await connect(made, broker.port)
        await until(lambda: broker.connections[0].closed_at is not None)
        await asyncio.to_thread(made.loop_stop)
    assert reasons == (["Not authorized"] if code else [])


async def test_failed_handshake_is_recorded(broker: RecordingBroker, tmp_path: Path) -> None:
    """A client that trusts another authority leaves its TLS alert behind, and no packet."""
    stranger = Authority(tmp_path, "stranger").client_context()
    async with broker:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(handshake, broker.port, stranger)
        await until(lambda: broker.connections[0].closed_at is not None)
    connection = broker.connections[0]
    assert "UNKNOWN_CA" in (connection.tls_error or "").upper().replace(" ", "_")
    assert (connection.tls_version, connection.packets) == (None, [])


async def test_client_certificate_is_recorded(authority: Authority) -> None:
    """Where client certificates are asked for, the subject that came is on record."""
    broker = RecordingBroker(authority.server("broker.localhost"), clients=authority)
    made = client(authority.client_context(authority.client("unit 1")))
    async with broker:
        await connect(made, broker.port)
        await until(made.is_connected)
        await disconnect(made)
    assert "unit 1" in str(broker.connections[0].client_certificate)


async def test_broken_packet_fails_the_test(broker: RecordingBroker, authority: Authority) -> None:
    """A client that does not begin with CONNECT is reported when the broker ends."""

    async def ping_first() -> None:
        async with broker:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1",
                broker.port,
                ssl=authority.client_context(),
                server_hostname="broker.localhost",
            )
            writer.write(b"\xc0\x00")
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    with pytest.raises(AssertionError, match="PINGREQ before CONNECT"):
        await ping_first()


async def test_port_is_kept_over_a_stop(broker: RecordingBroker, authority: Authority) -> None:
    """Stopped it refuses connections and has closed the old one; started it listens as before."""
    made = client(authority.client_context())
    async with broker:
        await connect(made, broker.port)
        await until(made.is_connected)
        await broker.stop()
        assert broker.connections[0].closed_at is not None
        await disconnect(made)
        with pytest.raises(ConnectionRefusedError):
            await connect(client(authority.client_context()), broker.port)
        await broker.start()
        made = client(authority.client_context())
        await connect(made, broker.port)
        await until(made.is_connected)
        await disconnect(made)
    assert len(broker.connections) == 2

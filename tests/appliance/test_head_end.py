import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from appliance.head_end import HeadEnd, HeadEndError
from appliance.parameters.broker_url import BrokerUrl
from appliance.parameters.secret import Secret
from tests.support.certificates import Authority, Identity
from tests.support.mosquitto import Mosquitto, free_port
from tests.support.recording_broker import RecordingBroker
from tests.support.subscriber import LoopbackClient
from tests.support.waiting import until, wait_until

EXAMPLE = (
    b'{"version":1,"frames":[{"frametype":"OpenlinkIQ","timestamp":"2021-11-13T21:54:01Z",'
    b'"frame":"en4B","meta":{"rssi":-87,"noofcorrectedbits":3}}]}'
)
HUMAN = "2021-11-13T21:54:01Z  data/1  -87 dBm  3 corrected  3 bytes  7a 7e 01"


@dataclass
class Desk:
    """Where a head-end's lines and errors land."""

    authority: Authority
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def head_end(
        self,
        port: int,
        *,
        host: str = "broker.localhost",
        topics: tuple[str, ...] = ("data/#",),
        ca: str | None = None,
        client: Identity | None = None,
        username: str | None = None,
        password: str | None = None,
        as_json: bool = False,
    ) -> HeadEnd:
        """A head-end that trusts the desk's authority, not yet running."""
        return HeadEnd(
            BrokerUrl(host, port),
            topics,
            ca=self.authority.certificate if ca is None else ca,
            certificate=client.certificate if client else "",
            key=Secret(client.key) if client else None,
            username=username,
            password=Secret(password) if password is not None else None,
            on_line=self.lines.append,
            on_error=self.errors.append,
            as_json=as_json,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with an authority of its own."""
    return Desk(Authority(tmp_path))


@pytest.fixture
def broker(desk: Desk, tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker that knows one user."""
    server = desk.authority.server("broker.localhost")
    users = {"reader": "s3cret"}
    with Mosquitto(tmp_path / "mosquitto", desk.authority, server, users=users) as running:
        yield running


@pytest.fixture
def publish(desk: Desk, broker: Mosquitto) -> Iterator[Callable[[str, bytes], None]]:
    """Publishes at QoS 1; reconnects when the broker comes back."""
    client = LoopbackClient(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.tls_set_context(desk.authority.client_context())
    client.username_pw_set("reader", "s3cret")
    client.reconnect_delay_set(1, 1)
    client.connect("broker.localhost", broker.port)
    client.loop_start()

    def send(topic: str, payload: bytes) -> None:
        wait_until(client.is_connected)
        client.publish(topic, payload, qos=1).wait_for_publish(10)

    yield send
    client.disconnect()
    client.loop_stop()


@contextmanager
def running(head_end: HeadEnd) -> Iterator[Future[None]]:
    """Run on a thread, as `concentrator receive` does; stopped and joined at the end."""
    stop = threading.Event()
    with ThreadPoolExecutor(1, "head-end") as threads:
        ran = threads.submit(head_end.run, stop)
        try:
            yield ran
        finally:
            stop.set()
    ran.result()


def failure(head_end: HeadEnd) -> str:
    """Why the head-end gives up at once."""
    with pytest.raises(HeadEndError) as error:
        head_end.run(threading.Event())
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def subscribed(broker: Mosquitto, times: int = 1) -> bool:
    """Whether mosquitto has told of that many SUBACKs."""
    return broker.log().count("Sending SUBACK") >= times


def test_frames_are_told_line_by_line(
    desk: Desk, broker: Mosquitto, publish: Callable[[str, bytes], None]
) -> None:
    """One line for people per frame, whatever the topic of those subscribed."""
    head_end = desk.head_end(
        broker.port, topics=("data/#", "event"), username="reader", password="s3cret"
    )
    with running(head_end):
        wait_until(lambda: subscribed(broker))
        publish("data/1", EXAMPLE)
        publish("elsewhere", EXAMPLE)
        publish("event", EXAMPLE.replace(b'"en4B"', b'"AAECAwQFBgcICQ=="'))
        wait_until(lambda: len(desk.lines) == 2)
    start = "2021-11-13T21:54:01Z  event  -87 dBm  3 corrected  10 bytes  "
    assert desk.lines == [HUMAN, start + "00 01 02 03 04 05 06 07 …"]
    assert desk.errors == []


def test_frames_are_told_as_json(
    desk: Desk, broker: Mosquitto, publish: Callable[[str, bytes], None]
) -> None:
    """With JSON each line is one object: topic, timestamp, frame and meta."""
    head_end = desk.head_end(broker.port, username="reader", password="s3cret", as_json=True)
    with running(head_end):
        wait_until(lambda: subscribed(broker))
        publish("data/é", EXAMPLE)
        wait_until(lambda: desk.lines)
    assert json.loads(desk.lines[0]) == {
        "topic": "data/é",
        "timestamp": "2021-11-13T21:54:01Z",
        "frame": "en4B",
        "meta": {"rssi": -87, "noofcorrectedbits": 3},
    }


def test_a_faulty_payload_is_told_and_costs_nothing_else(
    desk: Desk, broker: Mosquitto, publish: Callable[[str, bytes], None]
) -> None:
    """A payload that is wrong gives one error with topic and place; the next is received."""
    with running(desk.head_end(broker.port, username="reader", password="s3cret")):
        wait_until(lambda: subscribed(broker))
        publish("data/\u202e1", EXAMPLE.replace(b"-87", b"null"))
        publish("data/1", EXAMPLE)
        wait_until(lambda: desk.lines)
    assert desk.lines == [HUMAN]
    (error,) = desk.errors
    assert error.startswith(
        "'data/\\u202e1': no frames: frames[0].meta.rssi: an integer is needed, not None; it begins"
    )


@pytest.mark.parametrize(("as_json", "lines"), [(False, ["data/status  connected"]), (True, [])])
def test_a_status_notification_is_no_fault(
    desk: Desk,
    broker: Mosquitto,
    publish: Callable[[str, bytes], None],
    as_json: bool,
    lines: list[str],
) -> None:
    """What a unit says when it connects is told to people, and is no line of JSON."""
    head_end = desk.head_end(broker.port, username="reader", password="s3cret", as_json=as_json)
    with running(head_end):
        wait_until(lambda: subscribed(broker))
        publish("data/status", b'{ "connected": 1 }')
        publish("data/1", EXAMPLE)
        wait_until(lambda: len(desk.lines) == len(lines) + 1)
    assert desk.lines[:-1] == lines
    assert desk.errors == []


def test_a_lost_connection_is_told_and_made_again(
    desk: Desk, broker: Mosquitto, publish: Callable[[str, bytes], None]
) -> None:
    """When the broker goes and comes back, each is said and frames flow again."""
    with running(desk.head_end(broker.port, username="reader", password="s3cret")):
        wait_until(lambda: subscribed(broker))
        broker.stop()
        wait_until(lambda: any("refuses connections" in error for error in desk.errors))
        broker.start()
        wait_until(lambda: desk.errors[-1].endswith("again"))
        publish("data/1", EXAMPLE)
        wait_until(lambda: desk.lines)
    lost, refused, back = desk.errors
    assert lost.startswith(f"the connection to ssl://broker.localhost:{broker.port} is lost")
    assert "trying again" in refused
    assert back == f"connected to ssl://broker.localhost:{broker.port} again"


def test_wrong_password_is_a_failure_without_the_password(desk: Desk, broker: Mosquitto) -> None:
    """Refused at first, the head-end gives up: what to check, and no secret."""
    said = failure(desk.head_end(broker.port, username="reader", password="wr0ng"))
    assert "not authorized" in said
    assert "check user name, password" in said
    assert "wr0ng" not in said


def test_client_certificate_opens_the_door(desk: Desk, tmp_path: Path) -> None:
    """A broker that asks for a client certificate gets the one given; without, the reason."""
    server = desk.authority.server("broker.localhost")
    directory = tmp_path / "strict"
    with Mosquitto(directory, desk.authority, server, require_certificate=True) as broker:
        head_end = desk.head_end(broker.port, client=desk.authority.client("reader"))
        with running(head_end):
            wait_until(lambda: subscribed(broker))
        assert "certificate" in failure(desk.head_end(broker.port))


def test_another_authority_is_a_failure(desk: Desk, broker: Mosquitto, tmp_path: Path) -> None:
    """A broker whose certificate comes from elsewhere is not talked to."""
    stranger = Authority(tmp_path, "stranger").certificate
    assert "certificate" in failure(desk.head_end(broker.port, ca=stranger))


def test_another_name_is_a_failure(desk: Desk, broker: Mosquitto) -> None:
    """The name asked for is checked, though every name under .localhost is the loopback."""
    assert "other.localhost" in failure(desk.head_end(broker.port, host="other.localhost"))


async def test_a_topic_not_allowed_is_a_failure(desk: Desk) -> None:
    """A broker that refuses the subscription is not waited for; the topics are named."""
    async with RecordingBroker(desk.authority.server("broker.localhost")) as broker:
        broker.script.suback = 0x80
        head_end = desk.head_end(broker.port, topics=("data/1", "private"))
        said = await asyncio.to_thread(failure, head_end)
    assert said.endswith("does not let this client read data/1, private")


def test_no_broker_is_a_failure(desk: Desk) -> None:
    """Nobody listening is said at once, with the port."""
    port = free_port()
    assert str(port) in failure(desk.head_end(port))


def test_key_of_another_certificate_is_a_failure(desk: Desk) -> None:
    """A key that is not the certificate's is said before anything is sent."""
    one, other = desk.authority.client("one"), desk.authority.client("other")
    mixed = Identity(one.certificate, other.key, one.certificate_path, other.key_path)
    assert "belong together" in failure(desk.head_end(free_port(), client=mixed))


def test_damaged_authority_is_a_failure(desk: Desk) -> None:
    """A text that is no certificate is refused in words."""
    assert "certificates cannot be used" in failure(desk.head_end(free_port(), ca="no PEM"))


async def test_name_and_client_id_reach_the_broker(desk: Desk) -> None:
    """SNI carries the name; the CONNECT is MQTT 3.1.1 with a clean session and a client ID."""
    async with RecordingBroker(desk.authority.server("broker.localhost")) as broker:
        with running(desk.head_end(broker.port, username="reader")):
            await until(lambda: broker.connects)
        await until(lambda: broker.connections[0].closed_at is not None)
    told = broker.connects[0]
    assert broker.connections[0].server_name == "broker.localhost"
    assert (told.protocol_name, told.level, told.clean_session) == ("MQTT", 4, True)
    assert told.client_id.startswith("head-end-")
    assert (told.username, told.password) == ("reader", None)

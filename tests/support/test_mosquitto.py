import shutil
import socket
import ssl
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.certificates import Authority
from tests.support.mosquitto import Mosquitto, program
from tests.support.subscriber import LoopbackClient, Message, Subscriber
from tests.support.waiting import wait_until


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who made every certificate of the test."""
    return Authority(tmp_path)


def mosquitto(directory: Path, authority: Authority, **options: object) -> Mosquitto:
    """A broker for broker.localhost, not yet started."""
    server = authority.server("broker.localhost")
    return Mosquitto(directory / "mosquitto", authority, server, **options)  # type: ignore[arg-type]


def publish(port: int, context: ssl.SSLContext, *payloads: bytes) -> None:
    """Publish to t/1 at QoS 1, and leave once all are acknowledged."""
    client = LoopbackClient(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.tls_set_context(context)
    client.connect("broker.localhost", port)
    client.loop_start()
    for message in [client.publish("t/1", payload, qos=1) for payload in payloads]:
        message.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_subscriber_gets_what_is_published_also_after_a_restart(
    tmp_path: Path, authority: Authority
) -> None:
    """Messages arrive as sent; after a restart on the same port the subscriber is back."""
    context = authority.client_context()
    with (
        mosquitto(tmp_path, authority) as broker,
        Subscriber(broker.port, context, "t/#") as subscriber,
    ):
        publish(broker.port, context, b"one", b"two")
        assert subscriber.wait_for(2) == [
            Message("t/1", b"one", 1, retain=False),
            Message("t/1", b"two", 1, retain=False),
        ]
        port = broker.port
        broker.restart()
        assert broker.port == port
        subscriber.wait_subscribed()
        publish(broker.port, context, b"three")
        subscriber.wait_for(lambda messages: messages[-1].payload == b"three")


def test_client_without_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    """With require_certificate only a client with a certificate gets in."""
    with mosquitto(tmp_path, authority, require_certificate=True) as broker:
        context = authority.client_context(authority.client("unit"))
        with Subscriber(broker.port, context):
            pass
        context = authority.client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # refused in the handshake, not after
        with (
            socket.create_connection(("127.0.0.1", broker.port), timeout=10) as plain,
            pytest.raises(ssl.SSLError),
        ):
            context.wrap_socket(plain, server_hostname="broker.localhost")


def test_only_the_named_users_get_in(tmp_path: Path, authority: Authority) -> None:
    """With users set the right password opens the door, and nobody passes without."""
    context = authority.client_context()
    with mosquitto(tmp_path, authority, users={"unit": "s3cret"}) as broker:
        with Subscriber(broker.port, context, username="unit", password="s3cret"):
            pass
        reasons: list[str] = []
        client = LoopbackClient(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        client.on_connect = lambda _client, _data, _flags, reason, _: reasons.append(str(reason))
        client.tls_set_context(context)
        client.connect("broker.localhost", broker.port)
        client.loop_start()
        wait_until(lambda: reasons)
        client.loop_stop()
    assert reasons == ["Not authorized"]


def test_missing_mosquitto_fails_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mosquitto the test fails, saying what to install; it does not skip."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(pytest.fail.Exception, match="apt-get install mosquitto"):
        program("mosquitto")

import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from appliance.demo.broker import EmbeddedBroker
from appliance.demo.certificates import DemoCertificates
from appliance.demo.error import DemoError
from tests.support.certificates import Authority
from tests.support.subscriber import LoopbackClient, Message, Subscriber
from tests.support.waiting import wait_until


@pytest.fixture
def certificates(tmp_path: Path) -> DemoCertificates:
    """The demo's PEM files."""
    return DemoCertificates.load_or_create(tmp_path)


def make(certificates: DemoCertificates, port: int = 0) -> EmbeddedBroker:
    """The demo's broker, not yet started."""
    return EmbeddedBroker(
        port,
        certificate=certificates.broker_certificate,
        key=certificates.broker_key,
        authority=certificates.broker_authority,
    )


@pytest.fixture
def broker(certificates: DemoCertificates) -> Iterator[EmbeddedBroker]:
    """The demo's broker on a free port."""
    made = make(certificates)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def context(certificates: DemoCertificates) -> ssl.SSLContext:
    """A client that trusts the demo's authority and speaks TLS 1.2."""
    made = ssl.create_default_context(cafile=str(certificates.broker_authority))
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made


def connect(port: int, context: ssl.SSLContext, *, will: str | None = None) -> LoopbackClient:
    """A publisher with a user name that nobody has heard of, ten messages under way at most."""
    client = LoopbackClient(
        CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311, reconnect_on_failure=False
    )
    client.tls_set_context(context)
    client.username_pw_set("whoever", "whatever")
    client.max_inflight_messages_set(10)
    if will is not None:
        client.will_set(will, b"gone", qos=1)
    client.connect("broker.localhost", port)
    client.loop_start()
    wait_until(client.is_connected)
    return client


def disconnect(client: LoopbackClient) -> None:
    """Say goodbye."""
    client.disconnect()
    client.loop_stop()


def raw_link(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """TLS without MQTT."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    return context.wrap_socket(plain, server_hostname="broker.localhost")


def test_large_messages_arrive_in_order(broker: EmbeddedBroker, context: ssl.SSLContext) -> None:
    """300 messages of 60 kB at QoS 1 all come, as published and in their order."""
    sent = [number.to_bytes(4, "big") + os.urandom(60_000) for number in range(300)]
    with Subscriber(broker.port, context, "data/#") as subscriber:
        client = connect(broker.port, context)
        acknowledged = [client.publish("data/1", payload, qos=1) for payload in sent]
        came = subscriber.wait_for(len(sent), timeout=40)
        acknowledged[-1].wait_for_publish(10)
        disconnect(client)
    assert came == [Message("data/1", payload, 1, retain=False) for payload in sent]


def test_client_certificate_is_optional_but_checked(
    broker: EmbeddedBroker, certificates: DemoCertificates, context: ssl.SSLContext, tmp_path: Path
) -> None:
    """Without one or with the demo's a client gets in, with a stranger's it does not."""
    context.load_cert_chain(certificates.client_certificate, certificates.client_key)
    disconnect(connect(broker.port, context))
    stranger = Authority(tmp_path / "stranger").client("unit")
    context.load_cert_chain(stranger.certificate_path, stranger.key_path)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        raw_link(broker.port, context)


def test_last_will_is_published_after_a_broken_connection(
    broker: EmbeddedBroker, context: ssl.SSLContext
) -> None:
    """A client that vanishes leaves its Last Will, one that says goodbye does not."""
    with Subscriber(broker.port, context, "will/#", "end") as subscriber:
        disconnect(connect(broker.port, context, will="will/polite"))
        rude = connect(broker.port, context, will="will/rude")
        link = rude.socket()
        assert isinstance(link, ssl.SSLSocket)
        link.shutdown(socket.SHUT_RDWR)
        rude.loop_stop()
        subscriber.wait_for(1)
        last = connect(broker.port, context)
        last.publish("end", b"", qos=1).wait_for_publish(10)
        came = subscriber.wait_for(2)
        disconnect(last)
    assert [message.topic for message in came] == ["will/rude", "end"]


def test_there_are_no_broker_topics(broker: EmbeddedBroker, context: ssl.SSLContext) -> None:
    """A subscription to $SYS stays empty, also on the retained side."""
    with Subscriber(broker.port, context, "$SYS/#", "end") as subscriber:
        client = connect(broker.port, context)
        client.publish("end", b"", qos=1).wait_for_publish(10)
        assert [message.topic for message in subscriber.wait_for(1)] == ["end"]
        disconnect(client)


def test_stop_is_prompt_and_frees_the_port(
    broker: EmbeddedBroker, certificates: DemoCertificates, context: ssl.SSLContext
) -> None:
    """With clients connected, idle and speaking no MQTT, stop ends the thread; the port is free."""
    client = connect(broker.port, context)
    with raw_link(broker.port, context) as silent:
        started = time.monotonic()
        broker.stop()
        assert time.monotonic() - started < 5
        assert silent.recv(1) == b""
    disconnect(client)
    assert "demo broker" not in [thread.name for thread in threading.enumerate()]
    successor = make(certificates, broker.port)
    successor.start()
    successor.stop()


def test_port_in_use_is_said_in_one_line(
    broker: EmbeddedBroker, certificates: DemoCertificates
) -> None:
    """A second broker on the port is refused with what to do, and leaves nothing behind."""
    with pytest.raises(DemoError) as error:
        make(certificates, broker.port).start()
    assert str(error.value) == (
        f"port {broker.port} is in use: stop the other program or choose another with --broker-port"
    )


def test_damaged_certificate_names_the_folder(certificates: DemoCertificates) -> None:
    """A broker that cannot read its certificate says which folder to delete."""
    certificates.broker_certificate.write_text("no certificate")
    with pytest.raises(DemoError, match=str(certificates.directory)):
        make(certificates).start()


def test_strangers_do_not_fill_the_log(
    broker: EmbeddedBroker, context: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    """Clients that hang up, talk nonsense or come and go leave nothing at warning or above."""
    caplog.set_level(logging.WARNING)
    for nonsense in (b"", b"\x10", b"\x10\x20\x00\x04MQ", b"GET / HTTP/1.0\r\n\r\n", b"\xc0\x00"):
        with raw_link(broker.port, context) as link:
            link.sendall(nonsense)
    with socket.create_connection(("127.0.0.1", broker.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
    disconnect(connect(broker.port, context))
    broker.stop()
    assert [record.getMessage() for record in caplog.records] == []

from pathlib import Path

import pytest

from appliance.forwarding.rehearsal import Bounds
from appliance.status import Step
from tests.appliance.forwarding.rehearsals import (
    AT_ONCE_S,
    BROKER,
    CLIENT_CERTIFICATE,
    CLIENTS,
    DISCONNECT,
    ROOT,
    failure,
    keep,
    rehearsed,
    told,
)
from tests.support.certificates import Authority, Identity
from tests.support.faulty_servers import (
    over_tls,
    saying,
    server_context,
)
from tests.support.mosquitto import Mosquitto
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until


async def test_a_client_id_in_service_is_not_evicted(
    authority: Authority, broker_identity: Identity
) -> None:
    """The reason for leaving CONNECT out is told, and the rest is tried."""
    async with RecordingBroker(broker_identity) as broker:
        steps = await rehearsed(broker.port, authority, skip_mqtt="in service already")
        await until(lambda: broker.connections[0].closed_at)
    assert steps[-1] == Step("mqtt", "skipped", 0.0, "in service already")
    assert told(steps)[-2] == ("tls", "ok")
    assert broker.connects == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (1, "the broker does not speak MQTT 3.1.1"),
        (2, "the broker refuses the MQTT Client ID"),
        (3, "the broker is unavailable"),
        (4, "the broker refuses the MQTT Client Username or Password"),
        (5, "the broker does not authorise this client: check MQTT Client Username, Password"),
        (200, "the broker refuses the connection: ask its operator"),
    ],
)
async def test_a_refused_connect(
    authority: Authority, broker_identity: Identity, code: int, text: str
) -> None:
    """Each code is told in words, with its number."""
    async with RecordingBroker(broker_identity) as broker:
        broker.script.connack = code
        steps = await rehearsed(broker.port, authority)
    assert told(steps)[-2:] == [("tls", "ok"), ("mqtt", "failed")]
    assert steps[-1].text.startswith(text)
    assert steps[-1].text.endswith(f"(CONNACK {code})")


async def test_mosquitto_refuses_a_password(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """The real broker says "not authorised"."""
    changes = {"client_username": "unit", "client_password": "wrong"}
    users = {"unit": "right"}
    with Mosquitto(tmp_path, authority, broker_identity, users=users) as broker:
        steps = await rehearsed(broker.port, authority, changes=changes)
    assert steps[-1].text == (
        "the broker does not authorise this client: check MQTT Client Username, Password and "
        "Certificate, and what the broker allows them (CONNACK 5)"
    )


async def test_a_broker_that_closes_without_a_word(
    authority: Authority, broker_identity: Identity
) -> None:
    """As AWS does where a policy forbids the client."""
    async with RecordingBroker(broker_identity) as broker:
        broker.script.connack = None
        *_, last = await rehearsed(broker.port, authority)
    assert last.text == (
        "broker.localhost closed the connection without answering the MQTT CONNECT: check MQTT "
        "Client ID, Username, Password and Certificate, and what the broker allows them"
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x00",  # a PUBLISH before CONNACK, and broken
        b"\x00" * 100,
        b"\x20\x00",
        b"\x20\x03\x00\x00\x00",
        b"\x20\x81\x82\x83\x84\x85",
    ],
)
async def test_a_server_that_does_not_speak_mqtt(authority: Authority, answer: bytes) -> None:
    """TLS is fine, and a web server behind it; it is told at once."""
    assert await failure(over_tls(server_context(BROKER), saying(answer)), authority) == (
        "mqtt",
        "port # of broker.localhost speaks TLS but not MQTT: check the port in the Broker URL",
    )


async def test_a_broker_that_never_answers(authority: Authority) -> None:
    """It gets a DISCONNECT even so: it may have the Last Will already."""
    heard = bytearray()
    serve = over_tls(server_context(BROKER), lambda link: keep(link, heard))
    assert await failure(serve, authority, bounds=Bounds(connack_s=AT_ONCE_S)) == (
        "mqtt",
        (
            "broker.localhost does not answer the MQTT CONNECT on port #: "
            "check the port in the Broker URL, and ask the broker's operator"
        ),
    )
    assert heard.startswith(b"\x10")
    assert heard.endswith(DISCONNECT)


@pytest.mark.parametrize("tls_1_3", [False, True])
async def test_a_client_certificate_is_demanded(authority: Authority, tls_1_3: bool) -> None:
    """Under TLS 1.3 the server says so after the handshake, when MQTT has begun."""
    serve = over_tls(server_context(BROKER, clients=CLIENTS))
    assert await failure(serve, authority, tls_1_3=tls_1_3) == (
        "mqtt" if tls_1_3 else "tls",
        (
            "broker.localhost demands a client certificate, and none is set: "
            "enter MQTT Client Certificate and MQTT Client Private Key"
        ),
    )


@pytest.mark.parametrize("tls_1_3", [False, True])
async def test_a_client_certificate_is_not_accepted(authority: Authority, tls_1_3: bool) -> None:
    """The broker trusts another authority."""
    serve = over_tls(server_context(BROKER, clients=ROOT))
    step, text = await failure(serve, authority, tls_1_3=tls_1_3, changes=CLIENT_CERTIFICATE)
    assert step == ("mqtt" if tls_1_3 else "tls")
    assert text.startswith(
        "broker.localhost does not know the CA that issued the MQTT Client Certificate: enter"
    )


async def test_mosquitto_demands_a_client_certificate_under_tls_1_3(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """The real broker's alert arrives too."""
    with Mosquitto(tmp_path, authority, broker_identity, require_certificate=True) as broker:
        *_, last = await rehearsed(broker.port, authority, tls_1_3=True)
    assert last.text.startswith("broker.localhost demands a client certificate, and none is set")

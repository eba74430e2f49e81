"""The reference head-end: subscribes to what units publish, checks it and tells it line by line.

One connection is one paho client, driven from the thread of `run`; paho's own reconnecting stays
off, so that the reason for a lost connection is told.
"""

import base64
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from appliance.errors import ConcentratorError
from appliance.forwarding.tls_fault import Given
from appliance.forwarding.tls_link import LinkError, open_tls
from appliance.parameters.broker_url import BrokerUrl
from appliance.parameters.pem import parse_client_chain, parse_private_key, parse_trust_anchors
from appliance.parameters.refusal import Refused
from appliance.parameters.secret import Secret
from appliance.parameters.tls_material import client_side, identify, reason, trust
from appliance.published_frame import PublishedFrame, parse_payload

KEEP_ALIVE_S = 60
LINK_WITHIN_S = 10.0  # each of TCP and TLS
SUBSCRIBED_WITHIN_S = 15.0  # CONNACK and SUBACK: some brokers look users up first
RECONNECT_S = 2.0
LOOP_S = 0.25  # how long paho may wait for traffic before `stop` is looked at
STATUS_NOTIFICATION = b'{ "connected": 1 }'  # what a unit says on every connect; no frames
EXCERPT_BYTES = 60  # of a payload that is none of the unit's frames, such as a Last Will
HEX_BYTES = 8  # tells one frame from the next, and leaves the line in 80 columns


class HeadEndError(ConcentratorError):
    """One line: why nothing can be received, and what to look at."""


class HeadEnd:
    """Receives at QoS 1 and hands on one line per frame; `ca` "" trusts the system's store.

    `on_line` and `on_error` get one line each, on the thread of `run`.
    """

    def __init__(
        self,
        url: BrokerUrl,
        topics: Sequence[str],
        *,
        ca: str,
        certificate: str,
        key: Secret | None,
        username: str | None,
        password: Secret | None,
        on_line: Callable[[str], None],
        on_error: Callable[[str], None],
        as_json: bool = False,
    ) -> None:
        self._url = url
        self._topics = tuple(topics)
        self._ca = ca
        self._certificate = certificate
        self._key = key
        self._username = username
        self._password = password
        self._on_line = on_line
        self._on_error = on_error
        self._as_json = as_json
        self._served_before = False
        self._subscribed = False  # on the connection under way
        self._failure: str | None = None  # the broker's refusal, on the connection under way
        self._told: str | None = None  # the trouble last told, until it is over

    def run(self, stop: threading.Event) -> None:
        """Receive until `stop`; blocks. Raises HeadEndError where it cannot even begin.

        A connection lost later is made again for as long as it takes, the trouble told once.
        """
        context = self._context()
        while not stop.is_set():
            try:
                self._receive(context, stop)
            except HeadEndError as error:
                if not self._served_before:
                    raise
                self._tell_trouble(str(error))
                stop.wait(RECONNECT_S)

    def _receive(self, context: ssl.SSLContext, stop: threading.Event) -> None:
        """Serve one connection until `stop`; raises HeadEndError when it ends before."""
        self._subscribed, self._failure = False, None
        client = self._client(context)
        deadline = time.monotonic() + LINK_WITHIN_S + SUBSCRIBED_WITHIN_S
        try:
            client.connect(self._url.host, self._url.port, KEEP_ALIVE_S)
            while not stop.is_set():
                code = client.loop(LOOP_S)
                self._check(code, late=time.monotonic() > deadline)
        except LinkError as error:
            raise HeadEndError(str(error)) from error
        finally:
            client.disconnect()

    def _check(self, code: MQTTErrorCode, *, late: bool) -> None:
        if self._failure is not None:
            raise HeadEndError(self._failure)
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            if self._subscribed:
                raise HeadEndError(f"the connection to {self._url} is lost: is the broker running?")
            raise HeadEndError(
                f"{self._url} closed the connection at once: check user name, password, "
                "client certificate and topics"
            )
        if late and not self._subscribed:
            raise HeadEndError(f"{self._url} does not answer: check that this is its MQTT port")

    def _context(self) -> ssl.SSLContext:
        context = client_side()
        try:
            if self._ca:
                trust(context, parse_trust_anchors(self._ca).text)
            else:
                context.load_default_certs()
            if self._key is not None:
                key = parse_private_key(self._key.reveal()).text
                identify(context, parse_client_chain(self._certificate).text, key)
        except Refused as error:
            raise HeadEndError(f"the certificates cannot be used: {error}") from error
        except ssl.SSLError as error:
            raise HeadEndError(
                f"TLS does not take client certificate and key ({reason(error)}): "
                "check that they belong together"
            ) from error
        return context

    def _client(self, context: ssl.SSLContext) -> "_Client":
        client = _Client(context, Given(self._ca, self._certificate))
        if self._username is not None:
            password = self._password.reveal() if self._password is not None else None
            client.username_pw_set(self._username, password)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, answer: ReasonCode, _: Any
    ) -> None:
        if answer.is_failure:
            self._failure = (
                f"{self._url} refuses the connection ({str(answer).lower()}): "
                "check user name, password and client certificate"
            )
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, answers: list[ReasonCode], _: Any
    ) -> None:
        refused = [
            _shown(topic)
            for topic, answer in zip(self._topics, answers, strict=False)
            if answer.is_failure
        ]
        if refused:
            self._failure = f"{self._url} does not let this client read {', '.join(refused)}"
            return
        self._subscribed = self._served_before = True
        if self._told is not None:
            self._told = None
            self._on_error(f"connected to {self._url} again")

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.payload == STATUS_NOTIFICATION:
            if not self._as_json:
                self._on_line(f"{_shown(message.topic)}  connected")
            return
        try:
            frames = parse_payload(bytes(message.payload))
        except ValueError as error:
            start = _shown(message.payload[:EXCERPT_BYTES].decode(errors="replace"))
            self._on_error(f"{_shown(message.topic)}: no frames: {error}; it begins with: {start}")
            return
        line = _json_line if self._as_json else _human_line
        for frame in frames:
            self._on_line(line(message.topic, frame))

    def _tell_trouble(self, trouble: str) -> None:
        if trouble != self._told:
            self._told = trouble
            self._on_error(f"{trouble} (trying again every {RECONNECT_S:.0f} s)")


class _Client(mqtt.Client):
    """paho's client on a link of ours: its names under .localhost, its reasons in words."""

    def __init__(self, context: ssl.SSLContext, given: Given) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=f"head-end-{secrets.token_hex(4)}",
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,  # else paho falls back to 3.1 by itself
        )
        self._link_context = context
        self._given = given

    def _create_socket(self) -> ssl.SSLSocket:
        return open_tls(self._host, self._port, self._link_context, LINK_WITHIN_S, self._given)


def _human_line(topic: str, frame: PublishedFrame) -> str:
    start = frame.frame[:HEX_BYTES].hex(" ")
    more = " …" if len(frame.frame) > HEX_BYTES else ""
    return (
        f"{frame.timestamp}  {_shown(topic)}  {frame.rssi} dBm  {frame.corrected_bits} corrected  "
        f"{len(frame.frame)} bytes  {start}{more}"
    )


def _json_line(topic: str, frame: PublishedFrame) -> str:
    return json.dumps(
        {
            "topic": topic,
            "timestamp": frame.timestamp,
            "frame": base64.b64encode(frame.frame).decode(),
            "meta": {"rssi": frame.rssi, "noofcorrectedbits": frame.corrected_bits},
        }
    )


def _shown(topic: str) -> str:
    """The topic as it may go to a terminal: another client chose it."""
    return topic if topic.isprintable() else ascii(topic)

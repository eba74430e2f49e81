"""Owns how a configuration is held against the limits of the broker's service, and ALPN.

A service is recognised by the broker's host name, otherwise by a topic of its own. What surely
fails is an error; what may be set up otherwise at the broker, or what rests on a topic alone, is
a warning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.parameters.broker_services import AWS_IOT_CORE, SERVICES, Service
from appliance.parameters.broker_url import BrokerUrl
from appliance.parameters.configuration import Configuration
from appliance.parameters.finding import Finding

# Of a PUBLISH with QoS 1: the topic's length and the packet identifier (MQTT 3.1.1, 3.3.2).
_PUBLISH_FIELDS = 4  # bytes
# Fits every service here, with room for a topic: the default of [mqtt] max_payload.
_SAFE_PAYLOAD = 61_440  # bytes
# The levels of a topic that AWS IoT Core does not count (Basic Ingest).
_BASIC_INGEST = re.compile(r"\A\$aws/rules/[^/]*/")


def findings(configuration: Configuration, largest_message: int | None) -> tuple[Finding, ...]:
    """Return what the broker's service does not take; nothing for a service not known.

    `largest_message` is the size in bytes of the largest payload due, None where none is.
    """
    recognised = _recognise(configuration)
    if recognised is None:
        return ()
    return (
        *recognised.port(),
        *recognised.topics(),
        *recognised.client_id(),
        *recognised.service.own_rules(configuration),
        *recognised.message(largest_message),
    )


def alpn(broker: BrokerUrl, *, client_certificate: bool = True) -> list[str]:
    """Return the protocols to offer in TLS (RFC 7301): only AWS IoT Core on port 443 wants one.

    There the protocol says whether a certificate or a custom authorizer lets the unit in.
    """
    if broker.port != 443 or not AWS_IOT_CORE.hosts.search(broker.host):
        return []
    return ["x-amzn-mqtt-ca"] if client_certificate else ["mqtt"]


@dataclass(frozen=True, slots=True)
class _Recognised:
    """A configuration for one service, and whether the host name says so."""

    service: Service
    configuration: Configuration
    by_host: bool

    def port(self) -> Iterator[Finding]:
        port, ports = self.configuration.broker.port, self.service.ports
        if port not in ports:
            right = " or ".join(str(each) for each in ports)
            yield self._finding(
                f"port {port}: {self._name} takes MQTT over TLS on {right}", "broker-url"
            )

    def topics(self) -> Iterator[Finding]:
        longest, most = self.service.max_topic, self.service.max_slashes
        for key, topic in self.configuration.topics.items():
            counted = _BASIC_INGEST.sub("", topic) if self.service is AWS_IOT_CORE else topic
            length, slashes = len(counted.encode()), counted.count("/")
            if longest is not None and length > longest:
                yield self._finding(
                    f"{length:,} bytes long: {self._name} takes topics of at most {longest}", key
                )
            if most is not None and slashes > most:
                yield self._finding(
                    f"{slashes} slashes: {self._name} takes topics with at most {most}", key
                )

    def client_id(self) -> Iterator[Finding]:
        length, longest = len(self.configuration.client_id.encode()), self.service.max_client_id
        if longest is not None and length > longest:
            yield self._finding(
                f"{length:,} bytes long: {self._name} takes client IDs of at most {longest}",
                "client-id",
            )

    def message(self, payload: int | None) -> Iterator[Finding]:
        if payload is None:
            return
        size, what = payload, "a message"
        if self.service.counts_topic:
            topics = (self.configuration.priority_topic, self.configuration.data_topic)
            size += max(len(topic.encode()) for topic in topics) + _PUBLISH_FIELDS
            what = "a message with its topic"
        if size > self.service.max_message:
            yield self._finding(
                f"{what} has {size:,} bytes, {self._name} takes at most "
                f"{self.service.max_message:,}: set max_payload = {_SAFE_PAYLOAD} under [mqtt] in "
                "the settings file"
            )

    @property
    def _name(self) -> str:
        if not self.by_host:
            return f"{self.service.name} (judging by a topic)"
        return self.service.name if self.service.fixed else f"{self.service.name} by default"

    def _finding(self, text: str, key: str | None = None) -> Finding:
        return Finding("error" if self.by_host and self.service.fixed else "warning", text, key)


def _recognise(configuration: Configuration) -> _Recognised | None:
    for service in SERVICES:
        if service.hosts.search(configuration.broker.host):
            return _Recognised(service, configuration, by_host=True)
    for service in SERVICES:
        if service.topics and any(map(service.topics.match, configuration.topics.values())):
            return _Recognised(service, configuration, by_host=False)
    return None

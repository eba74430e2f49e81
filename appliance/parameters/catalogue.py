"""The twelve parameters, each declared once; screen, commands, checks and docs walk this table.

Order, keys, labels and rules follow the guide, Configuration.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from appliance.parameters.accepted import Accepted
from appliance.parameters.broker_url import accept_broker_url
from appliance.parameters.pem import parse_client_chain, parse_private_key, parse_trust_anchors
from appliance.parameters.refusal import Refused
from appliance.parameters.text import parse_client_id, parse_line, parse_payload
from appliance.parameters.topic import parse_topic

__all__ = ["CATALOGUE", "Accepted", "Kind", "Parameter", "parameter"]


class Kind(Enum):
    """How a parameter's value is entered: one line, several lines, or a pasted PEM."""

    LINE = auto()
    TEXT = auto()
    PEM = auto()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: how it is named and explained, and the rule its value is judged by."""

    key: str
    label: str
    description: str
    example: str
    kind: Kind
    parse: Callable[[str], Accepted]
    required: bool = False
    secret: bool = False

    def accept(self, text: str) -> Accepted:
        """Return the value as it is to be stored; raise Refused, which names this parameter.

        The empty text stands for "not set" and is taken for an optional parameter.
        """
        if not text and not self.required:
            return Accepted("")
        try:
            return self.parse(text)
        except Refused as error:
            raise Refused(error.reason, self.key) from error


def parameter(key: str) -> Parameter:
    """Return the parameter of that key; raise Refused listing the keys there are."""
    for each in CATALOGUE:
        if each.key == key:
            return each
    raise Refused(f"no such parameter; one of: {', '.join(each.key for each in CATALOGUE)}")


CATALOGUE: tuple[Parameter, ...] = (
    Parameter(
        key="broker-url",
        label="Broker URL",
        description="Where the unit delivers its data: the broker's full domain name and its port "
        "for MQTT over TLS. An IP address or an unencrypted connection is not possible.",
        example="ssl://broker.example.com:8883",
        kind=Kind.LINE,
        parse=accept_broker_url,
        required=True,
    ),
    Parameter(
        key="event-topic",
        label="Topic for Priority Data (event)",
        description="Frames that a meter sent with priority, such as alarms, go to this topic. "
        "Leave it empty and they go where all other frames go.",
        example="meters/north/event",
        kind=Kind.LINE,
        parse=parse_topic,
    ),
    Parameter(
        key="data-topic",
        label="Topic for End-device Data",
        description="Received frames are published here. The broker must allow this unit to "
        "publish to it. The wildcards + and # are not possible.",
        example="meters/north/data",
        kind=Kind.LINE,
        parse=parse_topic,
        required=True,
    ),
    Parameter(
        key="last-will-topic",
        label="Topic for Last Will",
        description="If the unit vanishes without saying goodbye, the broker publishes the Last "
        "Will here on its behalf. Leave it empty to have no Last Will.",
        example="meters/north/will",
        kind=Kind.LINE,
        parse=parse_topic,
    ),
    Parameter(
        key="last-will-payload",
        label="Payload for Last Will",
        description="What the broker publishes as Last Will, word for word. It may be empty, and "
        "has no effect without a Last Will topic.",
        example='{ "connected": 0 }',
        kind=Kind.TEXT,
        parse=parse_payload,
    ),
    Parameter(
        key="status-topic",
        label="Topic for Status Notifications",
        description="Each time the unit has connected, it announces so on this topic. Leave it "
        "empty to send no announcement.",
        example="meters/north/status",
        kind=Kind.LINE,
        parse=parse_topic,
    ),
    Parameter(
        key="broker-certificate",
        label="MQTT Broker Certificate",
        description="Proves that the broker is the right one. Paste a root, an intermediate or "
        "the broker's own certificate, or several. Leave it empty for a broker with a publicly "
        "trusted certificate.",
        example="-----BEGIN CERTIFICATE-----",
        kind=Kind.PEM,
        parse=parse_trust_anchors,
    ),
    Parameter(
        key="client-username",
        label="MQTT Client Username",
        description="The name the unit logs in with. For ThingsBoard enter the device's access "
        "token here and no password.",
        example="concentrator-north",
        kind=Kind.LINE,
        parse=parse_line,
    ),
    Parameter(
        key="client-password",
        label="MQTT Client Password",
        description="The password for the username above; alone it cannot be used. Once saved it "
        "is never shown again.",
        example="a long random text",
        kind=Kind.LINE,
        parse=parse_line,
        secret=True,
    ),
    Parameter(
        key="client-id",
        label="MQTT Client ID",
        description="Tells this unit from the broker's other clients; no two may share one. Leave "
        "it empty to use the serial number.",
        example="concentrator-north",
        kind=Kind.LINE,
        parse=parse_client_id,
    ),
    Parameter(
        key="client-certificate",
        label="MQTT Client Certificate",
        description="For brokers that identify units by certificate. Paste the unit's certificate, "
        "with its intermediates if it has any, and enter the private key below.",
        example="-----BEGIN CERTIFICATE-----",
        kind=Kind.PEM,
        parse=parse_client_chain,
    ),
    Parameter(
        key="client-private-key",
        label="MQTT Client Private Key",
        description="The key that belongs to the client certificate, RSA or EC, not encrypted with "
        "a passphrase. Once saved it is never shown again.",
        example="-----BEGIN PRIVATE KEY-----",
        kind=Kind.PEM,
        parse=parse_private_key,
        secret=True,
    ),
)

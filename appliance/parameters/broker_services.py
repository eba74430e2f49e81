"""Owns what is known of broker services: how each is recognised, and what it takes.

The limits are those the services document in 2026. EMQX, mosquitto and the like have none that
belong to a host name.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appliance.parameters.configuration import Configuration
from appliance.parameters.finding import Finding


@dataclass(frozen=True, slots=True)
class Service:
    """What one broker service takes; None where it documents no limit."""

    name: str
    hosts: re.Pattern[str]  # searched in the lower-case host name
    topics: re.Pattern[str] | None  # matched at the beginning of a topic
    ports: tuple[int, ...]
    max_topic: int | None  # bytes
    max_slashes: int | None
    max_client_id: int | None  # bytes
    max_message: int  # bytes
    counts_topic: bool  # whether max_message is that of the packet, not of the payload
    fixed: bool  # nobody can set it up otherwise
    own_rules: Callable[[Configuration], Iterator[Finding]]


def _aws_rules(configuration: Configuration) -> Iterator[Finding]:
    if not configuration.client_certificate:
        yield Finding(
            "warning",
            "AWS IoT Core knows a unit by its client certificate: enter it and its key, unless a "
            "custom authorizer lets this unit in",
            "client-certificate",
        )
    elif configuration.username is not None:
        yield Finding(
            "warning",
            "AWS IoT Core hands a username to custom authorizers only: clear it, unless one is "
            "set up for this unit",
            "client-username",
        )


def _event_grid_rules(configuration: Configuration) -> Iterator[Finding]:
    if not configuration.client_id:
        yield Finding(
            "error", "empty, and so is the serial number: Azure Event Grid needs one", "client-id"
        )
    if configuration.username is None:
        yield Finding(
            "warning",
            "Azure Event Grid wants the client's authentication name here: enter it, unless the "
            "namespace takes it from the certificate",
            "client-username",
        )
    if not configuration.client_certificate and configuration.password is None:
        yield Finding(
            "warning",
            "Azure Event Grid knows a unit by its client certificate: enter it and its key, unless "
            "the namespace authenticates in another way",
            "client-certificate",
        )


def _thingsboard_rules(configuration: Configuration) -> Iterator[Finding]:
    if configuration.username is None and not configuration.client_certificate:
        yield Finding(
            "warning",
            "ThingsBoard knows a device by its access token: enter it here without a password, or "
            "use a client certificate",
            "client-username",
        )
    for key in ("event-topic", "data-topic"):
        topic = configuration.topics.get(key, "")
        if topic.startswith("v1/gateway/"):
            yield Finding(
                "warning",
                "ThingsBoard's gateway topics take another format than this unit's: use "
                "v1/devices/me/telemetry",
                key,
            )
        elif topic and not topic.startswith("v1/devices/me/"):
            yield Finding(
                "warning",
                "ThingsBoard takes telemetry on v1/devices/me/telemetry: use it, unless the device "
                "profile names this topic",
                key,
            )


AWS_IOT_CORE = Service(
    name="AWS IoT Core",
    hosts=re.compile(r"\.iot(-fips)?\.[a-z0-9-]+\.(vpce\.)?amazonaws\.com(\.cn)?\Z"),
    topics=re.compile(r"\$aws/"),
    ports=(8883, 443),
    max_topic=256,
    max_slashes=7,
    max_client_id=128,
    max_message=131_072,
    counts_topic=False,
    fixed=True,
    own_rules=_aws_rules,
)
EVENT_GRID = Service(
    name="Azure Event Grid",
    hosts=re.compile(r"\.ts\.eventgrid\.azure\.(net|us|cn)\Z"),
    topics=None,
    ports=(8883,),
    max_topic=256,
    max_slashes=7,  # eight segments
    max_client_id=None,
    max_message=524_288,
    counts_topic=True,
    fixed=True,
    own_rules=_event_grid_rules,
)
THINGSBOARD = Service(
    name="ThingsBoard",
    hosts=re.compile(r"thingsboard"),
    topics=re.compile(r"v1/(devices/me|gateway)/"),
    ports=(8883,),
    max_topic=None,
    max_slashes=None,
    max_client_id=None,
    max_message=65_536,
    counts_topic=True,
    fixed=False,
    own_rules=_thingsboard_rules,
)
SERVICES = (AWS_IOT_CORE, EVENT_GRID, THINGSBOARD)

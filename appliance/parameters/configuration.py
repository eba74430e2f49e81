"""Owns what goes into service: typed values, and the rules that span several parameters."""

from dataclasses import dataclass

from appliance.parameters.broker_url import BrokerUrl, parse_broker_url
from appliance.parameters.catalogue import CATALOGUE
from appliance.parameters.pem import key_mismatch
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.secret import Secret
from appliance.parameters.values import ParameterValues


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker publishes when the unit vanishes (guide, Last Will)."""

    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """A complete, consistent configuration; "" or None where an option is not used."""

    broker: BrokerUrl
    event_topic: str
    data_topic: str
    last_will: LastWill | None
    status_topic: str
    broker_certificate: str
    username: str | None
    password: Secret | None
    client_id: str
    client_certificate: str
    client_private_key: Secret | None

    @property
    def priority_topic(self) -> str:
        """The topic for priority frames: `data_topic` where they have none of their own."""
        return self.event_topic or self.data_topic

    @property
    def topics(self) -> dict[str, str]:
        """Every topic that is set, by the key of its parameter."""
        topics = {
            "event-topic": self.event_topic,
            "data-topic": self.data_topic,
            "last-will-topic": self.last_will.topic if self.last_will else "",
            "status-topic": self.status_topic,
        }
        return {key: topic for key, topic in topics.items() if topic}

    @classmethod
    def from_values(cls, values: ParameterValues, serial_number: str) -> "Configuration":
        """Return the configuration these values make; raise ConfigurationRefused with every fault.

        The serial number stands in for an empty client ID.
        """
        accepted, problems = _accept_each(values)
        problems += _check_together(values, accepted)
        if problems:
            order = list(values)
            problems.sort(key=lambda problem: order.index(str(problem.key)))
            raise ConfigurationRefused(tuple(problems))
        return cls(
            broker=parse_broker_url(accepted["broker-url"]),
            event_topic=accepted["event-topic"],
            data_topic=accepted["data-topic"],
            last_will=_last_will(accepted),
            status_topic=accepted["status-topic"],
            broker_certificate=accepted["broker-certificate"],
            username=accepted["client-username"] or None,
            password=_secret(accepted["client-password"]),
            client_id=accepted["client-id"] or serial_number,
            client_certificate=accepted["client-certificate"],
            client_private_key=_secret(accepted["client-private-key"]),
        )


def _accept_each(values: ParameterValues) -> tuple[dict[str, str], list[Refused]]:
    """Return what each parameter's own rule accepts, and what it refuses."""
    accepted: dict[str, str] = {}
    problems: list[Refused] = []
    for parameter in CATALOGUE:
        if parameter.required and not values[parameter.key]:
            problems.append(Refused("required and not set: enter it and save", parameter.key))
            continue
        try:
            accepted[parameter.key] = parameter.accept(values[parameter.key]).text
        except Refused as error:
            problems.append(error)
    return accepted, problems


def _check_together(values: ParameterValues, accepted: dict[str, str]) -> list[Refused]:
    """Return what is wrong between parameters; a refused value still counts as present."""
    problems = []
    if values["client-password"] and not values["client-username"]:
        problems.append(
            Refused("needs client-username: enter it, or clear the password", "client-password")
        )
    if values["client-certificate"] and not values["client-private-key"]:
        problems.append(
            Refused(
                "needs client-private-key: enter it, or clear the certificate", "client-certificate"
            )
        )
    if values["client-private-key"] and not values["client-certificate"]:
        problems.append(
            Refused("needs client-certificate: enter it, or clear the key", "client-private-key")
        )
    chain, key = accepted.get("client-certificate"), accepted.get("client-private-key")
    if chain and key and (reason := key_mismatch(chain, key)):
        problems.append(Refused(reason, "client-private-key"))
    return problems


def _last_will(accepted: dict[str, str]) -> LastWill | None:
    topic = accepted["last-will-topic"]
    return LastWill(topic, accepted["last-will-payload"]) if topic else None


def _secret(text: str) -> Secret | None:
    return Secret(text) if text else None

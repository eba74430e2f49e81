"""Configurations for a broker of the tests."""

from appliance.parameters.configuration import Configuration
from appliance.parameters.values import ParameterValues
from tests.support.certificates import Authority

SERIAL_NUMBER = "KAM73471100"


def values(port: int, authority: Authority, **changes: str) -> dict[str, str]:
    """Values of the parameters that are not empty; `changes` name keys with _ for -."""
    given = {
        "broker-url": f"ssl://broker.localhost:{port}",
        "event-topic": "event",
        "data-topic": "data",
        "broker-certificate": authority.certificate,
    }
    return given | {key.replace("_", "-"): text for key, text in changes.items()}


def parameter_values(port: int, authority: Authority, **changes: str) -> ParameterValues:
    """The same as the unit keeps them."""
    given = ParameterValues()
    for key, text in values(port, authority, **changes).items():
        given = given.changed(key, text)
    return given


def configuration(port: int, authority: Authority, **changes: str) -> Configuration:
    """The configuration that `values` make."""
    return Configuration.from_values(parameter_values(port, authority, **changes), SERIAL_NUMBER)

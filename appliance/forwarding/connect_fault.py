"""Why a broker does not accept an MQTT CONNECT, in a technician's words. No I/O."""

import ssl

from appliance.forwarding.tls_fault import Given, client_certificate_fault, spoken
from appliance.parameters.configuration import Configuration

_REFUSALS = {
    1: "the broker does not speak MQTT 3.1.1: ask its operator (CONNACK 1)",
    2: "the broker refuses the MQTT Client ID: set one that it knows (CONNACK 2)",
    3: "the broker is unavailable: try later, or ask its operator (CONNACK 3)",
    4: "the broker refuses the MQTT Client Username or Password: correct them (CONNACK 4)",
    5: "the broker does not authorise this client: check MQTT Client Username, Password and"
    " Certificate, and what the broker allows them (CONNACK 5)",
}  # by return code: MQTT 3.1.1, table 3.1
CONNACK = b"\x20"  # the first byte of the first packet that a broker may send (MQTT-3.2.0-1)
CONNACK_BYTES = 4


def refusal(configuration: Configuration, heard: bytes, alert: ssl.SSLError | None) -> str:
    """One line for a connection that ended without being accepted.

    `heard` is what came first, at most CONNACK_BYTES; `alert` is TLS's failure, if any: under TLS
    1.3 a server looks at the client's certificate only now.
    """
    broker = configuration.broker
    if alert:
        given = Given(configuration.broker_certificate, configuration.client_certificate)
        reason = alert.reason or ""
        return client_certificate_fault(broker.host, given, reason) or (
            f"{broker.host} ends TLS where MQTT begins ({spoken(reason)}): "
            "check the MQTT Client Certificate, and ask the broker's operator"
        )
    if heard[:2] == b"\x20\x02" and len(heard) == CONNACK_BYTES:
        return _REFUSALS.get(
            heard[3], f"the broker refuses the connection: ask its operator (CONNACK {heard[3]})"
        )
    if heard:
        return (
            f"port {broker.port} of {broker.host} speaks TLS but not MQTT: "
            "check the port in the Broker URL"
        )
    return (
        f"{broker.host} closed the connection without answering the MQTT CONNECT: check MQTT "
        "Client ID, Username, Password and Certificate, and what the broker allows them"
    )


def silence(configuration: Configuration) -> str:
    """One line for a broker that has not answered in time."""
    broker = configuration.broker
    return (
        f"{broker.host} does not answer the MQTT CONNECT on port {broker.port}: "
        "check the port in the Broker URL, and ask the broker's operator"
    )

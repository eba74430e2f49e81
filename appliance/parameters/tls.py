"""Owns the TLS client context of a configuration (guide, MQTT Broker authentication)."""

import ssl
from typing import Literal

from appliance.parameters.broker_rules import alpn
from appliance.parameters.configuration import Configuration
from appliance.parameters.refusal import Refused
from appliance.parameters.tls_material import client_side, identify, reason, trust


def client_context(configuration: Configuration, maximum: Literal["1.2", "1.3"]) -> ssl.SSLContext:
    """Return the context to connect to the broker with; raise Refused naming the parameter.

    Without a broker certificate the system's store is trusted.
    """
    context = client_side()
    context.maximum_version = {
        "1.2": ssl.TLSVersion.TLSv1_2,
        "1.3": ssl.TLSVersion.TLSv1_3,
    }[maximum]
    identified = bool(configuration.client_certificate)
    if protocols := alpn(configuration.broker, client_certificate=identified):
        context.set_alpn_protocols(protocols)
    if configuration.broker_certificate:
        try:
            trust(context, configuration.broker_certificate)
        except Refused as error:
            raise Refused(error.reason, "broker-certificate") from error
    else:
        context.load_default_certs()
    if configuration.client_private_key:
        key = configuration.client_private_key.reveal()
        try:
            identify(context, configuration.client_certificate, key)
        except ssl.SSLError as error:
            raise Refused(
                f"TLS does not take certificate and key ({reason(error)})", "client-certificate"
            ) from None
    return context

import ssl
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from appliance.parameters.configuration import Configuration
from appliance.parameters.refusal import Refused
from appliance.parameters.secret import Secret
from appliance.parameters.tls import client_context
from appliance.parameters.values import ParameterValues
from tests.appliance.parameters.credentials import Credential, Key, ec_key, issue, rsa_key

HOST = "broker.example.com"
ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True)
BROKER = issue("broker", MIDDLE, hosts=(HOST,))
UNIT_ROOT = issue("unit root", authority=True)
UNIT_MIDDLE = issue("unit middle", UNIT_ROOT, authority=True)
UNIT = issue("unit", UNIT_MIDDLE)


def configuration(
    anchors: str,
    unit: Credential | None = None,
    chain: str = "",
    broker: str = f"ssl://{HOST}:8883",
) -> Configuration:
    """A configuration that trusts these anchors, with the unit's credential if it has one."""
    texts = {
        "broker-url": broker,
        "data-topic": "data",
        "broker-certificate": anchors,
        "client-certificate": (unit.pem + chain) if unit else "",
        "client-private-key": unit.key_pem if unit else "",
    }
    return Configuration.from_values(ParameterValues(texts), "7")


class Broker:
    """The server's side of a handshake, with TLS 1.2 and 1.3 on offer."""

    def __init__(self, directory: Path, credential: Credential, chain: str = "") -> None:
        path = directory / "broker.pem"
        path.write_text(credential.pem + chain + credential.key_pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(path)

    def handshake(self, client: ssl.SSLContext, host: str = HOST) -> ssl.SSLObject:
        """Shake hands with the client in memory; return the server's side."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = client.wrap_bio(to_client, to_server, server_hostname=host)
        theirs = self.context.wrap_bio(to_server, to_client, server_side=True)
        pending = [ours, theirs]
        for _ in range(10):
            for side in list(pending):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                pending.remove(side)
        assert not pending, "the handshake did not end"
        return theirs


@pytest.mark.parametrize("anchor", [ROOT, MIDDLE, BROKER], ids=["root", "intermediate", "broker"])
def test_any_certificate_of_the_brokers_chain_is_anchor_enough(
    anchor: Credential, tmp_path: Path
) -> None:
    """A root, an intermediate, or the broker's own certificate lets the unit in."""
    broker = Broker(tmp_path, BROKER, MIDDLE.pem)
    assert broker.handshake(client_context(configuration(anchor.pem), "1.2"))


def test_one_of_several_anchors_is_enough(tmp_path: Path) -> None:
    """Any of the certificates entered may be the right one."""
    anchors = UNIT_ROOT.pem + ROOT.pem
    broker = Broker(tmp_path, BROKER, MIDDLE.pem)
    assert broker.handshake(client_context(configuration(anchors), "1.2"))


KEYS: list[Key] = [
    rsa_key(),
    ec_key(ec.SECP256R1()),
    ec_key(ec.SECP384R1()),
    ec_key(ec.SECP521R1()),
    ed25519.Ed25519PrivateKey.generate(),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: type(key).__name__)
def test_every_accepted_kind_of_broker_key_connects(key: Key, tmp_path: Path) -> None:
    """What may be saved as an anchor also works in a TLS 1.2 handshake."""
    broker = issue("broker", key=key, hosts=(HOST,))
    context = client_context(configuration(broker.pem), "1.2")
    assert Broker(tmp_path, broker).handshake(context).version() == "TLSv1.2"


def test_a_stranger_is_refused(tmp_path: Path) -> None:
    """A broker whose chain leads to no anchor is not talked to."""
    context = client_context(configuration(UNIT_ROOT.pem), "1.2")
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        Broker(tmp_path, BROKER, MIDDLE.pem).handshake(context)


def test_an_authority_under_the_same_name_is_refused(tmp_path: Path) -> None:
    """A name alone makes no authority."""
    context = client_context(configuration(issue("root", authority=True).pem), "1.2")
    with pytest.raises(ssl.SSLCertVerificationError):
        Broker(tmp_path, BROKER, MIDDLE.pem).handshake(context)


def test_the_systems_store_does_not_know_a_private_authority(tmp_path: Path) -> None:
    """Without a broker certificate only publicly trusted brokers are let in."""
    context = client_context(configuration(""), "1.2")
    with pytest.raises(ssl.SSLCertVerificationError):
        Broker(tmp_path, BROKER, MIDDLE.pem).handshake(context)


def test_the_systems_store_is_used_without_a_broker_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty broker certificate means the system's store, which is not used otherwise."""
    store = tmp_path / "store.pem"
    store.write_text(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    broker = Broker(tmp_path, BROKER, MIDDLE.pem)
    assert broker.handshake(client_context(configuration(""), "1.2"))
    with pytest.raises(ssl.SSLCertVerificationError):
        broker.handshake(client_context(configuration(UNIT_ROOT.pem), "1.2"))


@pytest.mark.parametrize("hosts", [(), ("other.example.com",)], ids=["no name", "other name"])
def test_a_certificate_for_another_name_is_refused(hosts: tuple[str, ...], tmp_path: Path) -> None:
    """Only subjectAltName names a broker: a matching common name does not count."""
    broker = issue(HOST, hosts=hosts)
    context = client_context(configuration(broker.pem), "1.2")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"Hostname mismatch|not valid for"):
        Broker(tmp_path, broker).handshake(context)


def test_an_expired_certificate_is_refused_when_connecting(tmp_path: Path) -> None:
    """Save takes an expired certificate, a connection does not."""
    broker = issue("broker", hosts=(HOST,), expired=True)
    context = client_context(configuration(broker.pem), "1.2")
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        Broker(tmp_path, broker).handshake(context)


@pytest.mark.parametrize(("maximum", "version"), [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")])
def test_the_version_is_the_settings_maximum(
    maximum: Literal["1.2", "1.3"], version: str, tmp_path: Path
) -> None:
    """TLS 1.2 is spoken unless 1.3 is allowed, though the broker offers both."""
    context = client_context(configuration(ROOT.pem), maximum)
    assert Broker(tmp_path, BROKER, MIDDLE.pem).handshake(context).version() == version


@pytest.mark.parametrize("key", [rsa_key(), ec_key(ec.SECP384R1())], ids=["RSA", "P-384"])
def test_the_client_certificate_is_presented_with_its_chain(key: Key, tmp_path: Path) -> None:
    """A broker that knows the root alone gets the unit's certificate and what lies between."""
    unit = issue("unit 7", UNIT_MIDDLE, key=key)
    broker = Broker(tmp_path, BROKER, MIDDLE.pem)
    broker.context.verify_mode = ssl.CERT_REQUIRED
    broker.context.load_verify_locations(cadata=UNIT_ROOT.pem)
    context = client_context(configuration(ROOT.pem, unit, UNIT_MIDDLE.pem), "1.2")
    presented = broker.handshake(context).getpeercert()
    assert presented is not None
    assert presented["subject"] == ((("commonName", "unit 7"),),)


def test_a_key_that_does_not_fit_is_refused() -> None:
    """A context is not made from a certificate with another's key."""
    good = configuration(ROOT.pem, UNIT)
    bad = Configuration(
        **{name: getattr(good, name) for name in Configuration.__slots__}
        | {"client_private_key": Secret(UNIT_ROOT.key_pem)}
    )
    with pytest.raises(Refused, match=r"^client-certificate: TLS does not take .*key values"):
        client_context(bad, "1.2")


AWS = "unit-ats.iot.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "port", "unit", "chosen"),
    [
        (AWS, 443, UNIT, "x-amzn-mqtt-ca"),
        (AWS, 443, None, "mqtt"),
        (AWS, 8883, UNIT, None),
        (HOST, 443, UNIT, None),
    ],
)
def test_aws_on_port_443_is_offered_its_protocol(
    host: str, port: int, unit: Credential | None, chosen: str | None, tmp_path: Path
) -> None:
    """AWS IoT Core sees by ALPN that MQTT is meant, and who is to let the unit in."""
    broker = Broker(tmp_path, issue("broker", MIDDLE, hosts=(host,)), MIDDLE.pem)
    broker.context.set_alpn_protocols(["http/1.1", "x-amzn-mqtt-ca", "mqtt"])
    url = f"ssl://{host}:{port}"
    context = client_context(configuration(ROOT.pem, unit, broker=url), "1.2")
    assert broker.handshake(context, host).selected_alpn_protocol() == chosen

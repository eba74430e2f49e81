"""Loads PEM into Python's `ssl` the plain way, from files: what the unit's own way must equal."""

import ssl
import tempfile
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.appliance.parameters.credentials import ec_key, issue, key_pem, rsa_key


def load_in_ssl(key: str, text: str) -> None:
    """Load a value of that parameter; fails where `ssl` does not take all of it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "value.pem"
        path.write_text(text)
        load = {
            "broker-certificate": _load_anchors,
            "client-certificate": _load_chain,
            "client-private-key": _load_key,
        }[key]
        load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)


def _load_anchors(context: ssl.SSLContext, path: Path) -> None:
    context.load_verify_locations(path)
    assert context.cert_store_stats()["x509"] == path.read_text().count("BEGIN")


def _load_chain(context: ssl.SSLContext, path: Path) -> None:
    """Load a chain with a key of the same kind: that it is another's is the only complaint."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd serial numbers, which TLS does not mind
        public = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
    key = path.with_name("key.pem")
    key.write_text(key_pem(rsa_key() if isinstance(public, rsa.RSAPublicKey) else ec_key()))
    try:
        context.load_cert_chain(path, key)
    except ssl.SSLError as error:
        if error.reason != "KEY_VALUES_MISMATCH":
            raise


def _load_key(context: ssl.SSLContext, path: Path) -> None:
    """Load a key with a certificate made for it."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    certificate = path.with_name("certificate.pem")
    certificate.write_text(issue("nobody", key=key).pem)
    context.load_cert_chain(certificate, path)

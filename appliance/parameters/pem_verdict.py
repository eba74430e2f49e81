"""Owns the last word on certificates and keys: what `ssl` says when it is to use them.

`cryptography` accepts what `ssl` refuses, and it is `ssl` that connects. Each function returns
the clean PEM to store, or raises Refused.
"""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.parameters.pem_certificate import outdated_signature
from appliance.parameters.pem_key import PrivateKey
from appliance.parameters.public_key import is_rsa_or_ec, weakness
from appliance.parameters.refusal import Refused
from appliance.parameters.tls_material import client_side, identify, reason, trust


def anchors_pem(certificates: Sequence[x509.Certificate]) -> str:
    """Return the certificates to trust, each of which `ssl` can trust by itself."""
    for certificate in certificates:
        trust(client_side(), _pem([certificate]))
    return _pem(certificates)


def chain_pem(chain: Sequence[x509.Certificate]) -> str:
    """Return the unit's chain, leaf first, which `ssl` presents when it has the key."""
    if not is_rsa_or_ec(chain[0].public_key()):
        raise Refused(
            "the unit's certificate is for a key that is neither RSA nor EC: use one of them"
        )
    if outdated := [digest for each in chain if (digest := outdated_signature(each))]:
        raise Refused(
            f"a certificate is signed with {outdated[0]}, which TLS no longer takes: have it "
            "issued again with SHA-256"
        )
    pem = _pem(chain)
    try:
        identify(client_side(), pem, _nobodys_key())
    except ssl.SSLError as error:
        # Said of a key of the same kind as the certificate's, and of another kind.
        if error.reason not in {"KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}:
            raise Refused(f"TLS does not take the certificate ({reason(error)})") from None
    return pem


def key_pem(key: PrivateKey) -> str:
    """Return the key, which `ssl` reads and takes for strong enough."""
    if fault := weakness(key.public):
        raise Refused(fault)
    try:
        identify(client_side(), _pem([_nobodys_certificate(key)]), key.pem)
    except ssl.SSLError as error:
        # An RSA-PSS key is a kind of its own for `ssl`: it was read, and this certificate is none.
        if error.reason != "NO_CERTIFICATE_ASSIGNED":
            raise Refused(f"TLS does not take the private key ({reason(error)})") from None
    return key.pem


def _nobodys_certificate(key: PrivateKey) -> x509.Certificate:
    """Return a self-signed certificate of no account for the key."""
    nobody = x509.Name([])
    return (
        x509.CertificateBuilder()
        .subject_name(nobody)
        .issuer_name(nobody)
        .public_key(key.public)
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .sign(key.private, hashes.SHA256())
    )


def _nobodys_key() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode("ascii")
    )


def _pem(certificates: Sequence[x509.Certificate]) -> str:
    return "".join(
        certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        for certificate in certificates
    )

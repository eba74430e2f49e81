"""Owns the look inside DER (X.690): whether all of it is there, and what it is.

The names and commands are for a person; whether something can be used is judged elsewhere.
"""

from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from appliance.parameters.pem_certificate import UNREADABLE, load_certificate

_SEQUENCE = 0x30
_PKCS7_OID = bytes.fromhex("06092a864886f70d0107")  # data, signedData, … of RFC 2315
_PKCS12_VERSION = bytes.fromhex("020103")  # RFC 7292, section 4: version 3, before anything else


def missing_bytes(der: bytes) -> int | None:
    """Return how many bytes are missing (negative: too many); None for what is not DER."""
    if len(der) < 2 or der[0] != _SEQUENCE:
        return None
    header, length = 2, der[1]
    if length >= 0x80:
        size = length - 0x80
        header, length = 2 + size, int.from_bytes(der[2 : 2 + size], "big")
        if not 1 <= size <= 4:
            return None
    return header + length - len(der)


def is_cut(der: bytes) -> bool:
    """Say whether it is DER whose end is missing."""
    return (missing_bytes(der) or 0) > 0


def name_der(der: bytes) -> tuple[str, str] | None:
    """Return what the DER is, and how to come to the PEM that is wanted; None for anything else."""
    if missing_bytes(der) != 0:
        return None
    for is_this, name, advice in _KINDS:
        if is_this(der):
            return name, advice
    return None


def _is_pkcs12(der: bytes) -> bool:
    return der[:10].find(_PKCS12_VERSION) > 0 and _PKCS7_OID in der[:40]


def _is_pkcs7(der: bytes) -> bool:
    return 0 < der[:20].find(_PKCS7_OID) <= 6


def _is_certificate(der: bytes) -> bool:
    return _loads(load_certificate, der)


def _is_request(der: bytes) -> bool:
    return _loads(x509.load_der_x509_csr, der)


def _is_private_key(der: bytes) -> bool:
    try:
        serialization.load_der_private_key(der, password=None)
    except TypeError:  # encrypted: a password was expected
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _is_public_key(der: bytes) -> bool:
    return _loads(serialization.load_der_public_key, der)


def _loads(load: Callable[[bytes], object], der: bytes) -> bool:
    try:
        load(der)
    except UNREADABLE:
        return False
    return True


_ISSUED = "paste the certificate that was issued for it"
_KINDS: tuple[tuple[Callable[[bytes], bool], str, str], ...] = (
    (
        _is_pkcs12,
        "a PKCS#12 file (.p12, .pfx)",
        "convert it with: openssl pkcs12 -in file -nodes -out file.pem",
    ),
    (
        _is_pkcs7,
        "a PKCS#7 bundle (.p7b)",
        "convert it with: openssl pkcs7 -inform der -in file -print_certs -out file.pem",
    ),
    (
        _is_certificate,
        "a certificate in DER",
        "convert it with: openssl x509 -inform der -in file -out file.pem",
    ),
    (
        _is_private_key,
        "a private key in DER",
        "convert it with: openssl pkey -inform der -in file -out file.pem",
    ),
    (_is_request, "a certificate request (CSR) in DER", _ISSUED),
    (_is_public_key, "a public key in DER", "paste the certificate or the private key in PEM"),
)

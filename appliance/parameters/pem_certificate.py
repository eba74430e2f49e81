"""Owns what a certificate says about itself (RFC 5280): authority or not, and what it is for.

A certificate that has been loaded here can be asked anything below without an exception.
"""

import warnings
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

# What `cryptography` raises for contents it cannot make sense of.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def load_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate, its names and key read; raise one of UNREADABLE."""
    with warnings.catch_warnings():
        # Of private authorities' odd serial numbers, which TLS does not mind.
        warnings.simplefilter("ignore")
        certificate = x509.load_der_x509_certificate(der)
        # Read on demand: what cannot be is to fail here.
        _ = certificate.subject, certificate.issuer
    return certificate


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Say whether subject and issuer are one name, as of every root."""
    return certificate.subject == certificate.issuer


def is_authority(certificate: x509.Certificate) -> bool:
    """Say whether it may issue others; where it does not say, as before X.509 v3, a root may."""
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints.ca if constraints else is_self_issued(certificate)


def is_for_servers_only(certificate: x509.Certificate) -> bool:
    """Say whether its extended key usage has serverAuth but not clientAuth."""
    usages = _usages(certificate)
    return (
        ExtendedKeyUsageOID.SERVER_AUTH in usages and ExtendedKeyUsageOID.CLIENT_AUTH not in usages
    )


def is_for_clients_only(certificate: x509.Certificate) -> bool:
    """Say whether its extended key usage has clientAuth but not serverAuth."""
    usages = _usages(certificate)
    return (
        ExtendedKeyUsageOID.CLIENT_AUTH in usages and ExtendedKeyUsageOID.SERVER_AUTH not in usages
    )


def outdated_signature(certificate: x509.Certificate) -> str | None:
    """Return the name of a signature's digest that TLS no longer takes; nobody asks a root's."""
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None  # `ssl` judges
    outdated = isinstance(digest, hashes.SHA1 | hashes.MD5) and not is_self_issued(certificate)
    return digest.name.upper() if digest and outdated else None


def _usages(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier]:
    return frozenset(_extension(certificate, x509.ExtendedKeyUsage) or ())


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """Return the extension, None where there is none or it cannot be read: `ssl` judges that."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return certificate.extensions.get_extension_for_class(kind).value
    except (*UNREADABLE, x509.ExtensionNotFound):
        return None

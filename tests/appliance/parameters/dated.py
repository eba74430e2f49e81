"""Certificates that are valid between two given days."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from tests.appliance.parameters.credentials import Credential, ec_key


def day(text: str) -> datetime:
    """Noon, UTC, of a day written as 2026-12-31."""
    return datetime.fromisoformat(f"{text}T12:00:00+00:00").astimezone(UTC)


def dated(
    first: str, last: str, name: str = "unit", issuer: Credential | None = None
) -> Credential:
    """A certificate valid from noon of the first day to noon of the last, able to issue others.

    Self-signed where there is no issuer; without a subject where the name is empty.
    """
    key = ec_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day(first))
        .not_valid_after(day(last))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    return Credential(certificate, key)

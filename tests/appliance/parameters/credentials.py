"""Certificates and keys made in the run, of any kind a technician might paste."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PKCS8 = serialization.PrivateFormat.PKCS8
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL  # PKCS#1 or SEC1
OPENSSH = serialization.PrivateFormat.OpenSSH


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """The run's one RSA key of that length: making them is slow."""
    return rsa.generate_private_key(65537, bits)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """A new EC key, on P-256 where no curve is given."""
    return ec.generate_private_key(curve or ec.SECP256R1())


def key_pem(
    key: Key | ed448.Ed448PrivateKey,
    form: serialization.PrivateFormat = PKCS8,
    passphrase: str = "",
) -> str:
    """The private key as PEM, encrypted where a passphrase is given."""
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        protection = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, form, protection).decode()


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key as PKCS#8 PEM."""
        return key_pem(self.key)


def issue(
    name: str,
    issuer: Credential | None = None,
    *,
    key: Key | None = None,
    authority: bool = False,
    hosts: tuple[str, ...] = (),
    expired: bool = False,
) -> Credential:
    """A certificate for a new P-256 key or the key given, self-signed where there is no issuer."""
    key = key or ec_key()
    signer = issuer.key if issuer else key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime.now(UTC) + timedelta(days=-1 if expired else 1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=10))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Credential(builder.sign(signer, algorithm), key)


def certificate_request() -> str:
    """A certificate request (CSR) as PEM."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return request.sign(ec_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def public_key_pem(key: Key) -> str:
    """The public key as PEM."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )

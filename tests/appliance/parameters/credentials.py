"""Certificates and keys made in the run, of any kind a technician might paste."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PKCS8 = serialization.PrivateFormat.PKCS8
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL  # PKCS#1 or SEC1
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
OPENSSH = serialization.PrivateFormat.OpenSSH


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """The run's one RSA key of that length: making them is slow."""
    return rsa.generate_private_key(65537, bits)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """A new EC key, on P-256 where no curve is given."""
    return ec.generate_private_key(curve or ec.SECP256R1())


def key_pem(
    key: Key | ed448.Ed448PrivateKey | dsa.DSAPrivateKey,
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

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


def issue(
    name: str,
    issuer: Credential | None = None,
    *,
    key: Key | None = None,
    authority: bool | None = False,
    usages: tuple[x509.ObjectIdentifier, ...] = (),
    hosts: tuple[str, ...] = (),
    expired: bool = False,
) -> Credential:
    """A certificate for a new P-256 key or the key given, self-signed where there is no issuer.

    `authority` None leaves out what says whether it is one; so did certificates before v3.
    """
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
    )
    if authority is not None:
        constraints = x509.BasicConstraints(authority, None)
        builder = builder.add_extension(constraints, critical=True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
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


def block(label: str, der: bytes = b"0\x03\x02\x01\x05") -> str:
    """A PEM block with that label and content."""
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def key_der(key: Key) -> bytes:
    """The key as PKCS#8 DER."""
    return key.private_bytes(serialization.Encoding.DER, PKCS8, serialization.NoEncryption())


def pkcs12_file(credential: Credential) -> bytes:
    """The certificate and its key as a PKCS#12 file, encrypted."""
    return pkcs12.serialize_key_and_certificates(
        b"unit",
        credential.key,
        credential.certificate,
        None,
        serialization.BestAvailableEncryption(b"x"),
    )


def pkcs7_file(*credentials: Credential) -> bytes:
    """The certificates as a PKCS#7 file."""
    certificates = [each.certificate for each in credentials]
    return pkcs7.serialize_certificates(certificates, serialization.Encoding.DER)


def s_client_output(*chain: Credential) -> str:
    """What `openssl s_client -showcerts` prints around a server's chain."""
    lines = ["CONNECTED(00000003)\ndepth=1 CN = root\nverify return:1\n---\nCertificate chain\n"]
    for depth, each in enumerate(chain):
        lines += [f" {depth} s:CN = {depth}\n   i:CN = {depth + 1}\n   a:PKEY: EC; sigalg: x\n"]
        lines += ["   v:NotBefore: Jan  1 00:00:00 2026 GMT; NotAfter: Jan  1 2027 GMT\n", each.pem]
    lines += ["---\nServer certificate\nsubject=CN = 0\n\nissuer=CN = 1\n\n---\n"]
    lines += ["No client certificate CA names sent\n---\nSSL-Session:\n    Session-ID: 7F3B\n"]
    return "".join([*lines, "    Verify return code: 0 (ok)\n---\nDONE\n"])


def x509_text(credential: Credential) -> str:
    """What `openssl x509 -text` prints."""
    return (
        "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Signature Algorithm: x\n"
        "            X509v3 Basic Constraints: critical\n                CA:FALSE\n"
        f"    Signature Value:\n        30:45:02:20:0a:5e\n{credential.pem}"
    )


def bag_output(credential: Credential) -> str:
    """What `openssl pkcs12 -nodes` prints of a certificate with its key."""
    return (
        "Bag Attributes\n    friendlyName: unit\n    localKeyID: 54 69 6D\nsubject=CN = unit\n\n"
        f"issuer=CN = root\n\n{credential.pem}Bag Attributes\n    localKeyID: 54 69 6D\n"
        f"Key Attributes: <No Attributes>\n{credential.key_pem}"
    )

"""Owns the labels of PEM blocks (RFC 7468, section 4): what each is, and which a field wants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NAMES: Mapping[str, str] = {
    "CERTIFICATE": "a certificate",
    "X509 CERTIFICATE": "a certificate",
    "TRUSTED CERTIFICATE": "a certificate in a format of OpenSSL's own",
    "CERTIFICATE REQUEST": "a certificate request (CSR)",
    "NEW CERTIFICATE REQUEST": "a certificate request (CSR)",
    "X509 CRL": "a revocation list (CRL)",
    "PKCS7": "a PKCS#7 bundle",
    "CMS": "a PKCS#7 bundle",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "SSH2 PUBLIC KEY": "a public key in SSH's format",
    "PRIVATE KEY": "a private key",
    "RSA PRIVATE KEY": "a private key",
    "EC PRIVATE KEY": "a private key",
    "DSA PRIVATE KEY": "a DSA private key",
    "ENCRYPTED PRIVATE KEY": "an encrypted private key",
    "OPENSSH PRIVATE KEY": "a private key in OpenSSH's format",
    "SSH2 ENCRYPTED PRIVATE KEY": "a private key in SSH's format",
    "EC PARAMETERS": "a set of EC parameters",
    "DSA PARAMETERS": "a set of DSA parameters",
    "DH PARAMETERS": "a set of DH parameters",
}
# OpenSSL writes the curve's parameters in a block of their own before an EC key.
MEANINGLESS = frozenset({"EC PARAMETERS"})


def name_label(label: str) -> str:
    """Return what a block of that label is; an unknown one could be part of a secret."""
    return NAMES.get(label, "of an unknown kind")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a field takes, and the way out for what it does not."""

    labels: frozenset[str]
    advice: Mapping[str, str]
    otherwise: str

    def fault(self, labels: Iterable[str]) -> str:
        """Return what to say to blocks none of which is wanted: of the one that comes closest."""
        numbered = list(enumerate(labels, 1))
        closest = [each for each in numbered if each[1] in self.advice]
        number, label = (closest or numbered)[0]
        return f"block {number} is {name_label(label)}: {self.advice.get(label, self.otherwise)}"


CERTIFICATES = Wanted(
    labels=frozenset({"CERTIFICATE", "X509 CERTIFICATE"}),
    advice={
        "CERTIFICATE REQUEST": "paste the certificate that was issued for it",
        "NEW CERTIFICATE REQUEST": "paste the certificate that was issued for it",
        "TRUSTED CERTIFICATE": "convert it with: openssl x509 -in file -out cert.pem",
        "PKCS7": "convert it with: openssl pkcs7 -print_certs -in file -out certs.pem",
        "CMS": "convert it with: openssl pkcs7 -print_certs -in file -out certs.pem",
    },
    otherwise="only certificates belong here",
)
PRIVATE_KEY = Wanted(
    labels=frozenset({"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"}),
    advice={
        "DSA PRIVATE KEY": "use an RSA or EC key",
        "ENCRYPTED PRIVATE KEY": "decrypt it with: openssl pkey -in key.pem -out plain.pem",
        "OPENSSH PRIVATE KEY": "convert it with: ssh-keygen -p -m PEM -f key",
        "SSH2 ENCRYPTED PRIVATE KEY": "convert it with: ssh-keygen -i -f key",
    },
    otherwise="only the private key belongs here",
)

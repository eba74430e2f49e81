"""Owns which PEM blocks a field takes, and what it says to the others."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.parameters.pem_blocks import Block
from appliance.parameters.refusal import Refused

_NAMES = {
    "CERTIFICATE": "a certificate",
    "X509 CERTIFICATE": "a certificate",
    "TRUSTED CERTIFICATE": "a certificate in a format of OpenSSL's own",
    "CERTIFICATE REQUEST": "a certificate request (CSR)",
    "NEW CERTIFICATE REQUEST": "a certificate request (CSR)",
    "X509 CRL": "a revocation list (CRL)",
    "PKCS7": "a PKCS#7 bundle",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "PRIVATE KEY": "a private key",
    "RSA PRIVATE KEY": "a private key",
    "EC PRIVATE KEY": "a private key",
    "DSA PRIVATE KEY": "a DSA private key",
    "ENCRYPTED PRIVATE KEY": "an encrypted private key",
    "OPENSSH PRIVATE KEY": "a private key in OpenSSH's format",
    "EC PARAMETERS": "a set of EC parameters",
    "DH PARAMETERS": "a set of DH parameters",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a field takes, and the way out for what it does not."""

    labels: frozenset[str]
    advice: Mapping[str, str]
    otherwise: str

    def check(self, blocks: list[Block]) -> None:
        """Raise Refused naming the first block that does not belong here."""
        for block in blocks:
            if block.label not in self.labels:
                # An unknown label is not repeated: the field may be a secret's.
                name = _NAMES.get(block.label, "of an unknown kind")
                advice = self.advice.get(block.label, self.otherwise)
                raise Refused(f"block {block.number} is {name}: {advice}")


CERTIFICATES = Wanted(
    labels=frozenset({"CERTIFICATE", "X509 CERTIFICATE"}),
    advice={
        "CERTIFICATE REQUEST": "paste the certificate that was issued for it",
        "NEW CERTIFICATE REQUEST": "paste the certificate that was issued for it",
        "TRUSTED CERTIFICATE": "convert it with: openssl x509 -in file -out cert.pem",
        "PKCS7": "convert it with: openssl pkcs7 -print_certs -in file -out certs.pem",
    },
    otherwise="only certificates belong here",
)
PRIVATE_KEY = Wanted(
    labels=frozenset({"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"}),
    advice={
        "DSA PRIVATE KEY": "use an RSA or EC key",
        "ENCRYPTED PRIVATE KEY": "decrypt it with: openssl pkey -in key.pem -out plain.pem",
        "OPENSSH PRIVATE KEY": "convert it with: ssh-keygen -p -m PEM -f key",
    },
    otherwise="only the private key belongs here",
)

"""Certificates made in the run: an authority, and identities for servers and clients."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate (PEM, leaf first) with its key, as text and as files."""

    certificate: str
    key: str
    certificate_path: Path
    key_path: Path


class Authority:
    """A certificate authority of its own; what it issues is written below `directory`."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self._name = name
        self._authority = trustme.CA(organization_unit_name=name)
        self.certificate = self._authority.cert_pem.bytes().decode()
        self.path = directory / f"{name}.pem"
        directory.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.certificate)

    def server(self, *names: str) -> Identity:
        """A server certificate for the DNS names (or IP addresses) given."""
        return self._write(self._authority.issue_cert(*names), names[0])

    def client(self, name: str) -> Identity:
        """A client certificate with `name` as its common name."""
        leaf = self._authority.issue_cert(common_name=name, organization_name="tests")
        return self._write(leaf, name)

    def client_context(self, client: Identity | None = None) -> ssl.SSLContext:
        """What a well-behaved client trusts: this authority, and the name it asked for."""
        context = ssl.create_default_context(cafile=str(self.path))
        if client is not None:
            context.load_cert_chain(client.certificate_path, client.key_path)
        return context

    def _write(self, leaf: trustme.LeafCert, name: str) -> Identity:
        certificate = "".join(blob.bytes().decode() for blob in leaf.cert_chain_pems)
        key = leaf.private_key_pem.bytes().decode()
        certificate_path = self._directory / f"{self._name}-{name}.pem"
        key_path = self._directory / f"{self._name}-{name}-key.pem"
        certificate_path.write_text(certificate)
        key_path.touch(mode=0o600)
        key_path.write_text(key)
        return Identity(certificate, key, certificate_path, key_path)

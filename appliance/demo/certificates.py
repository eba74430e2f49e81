"""The demo's certificates: an authority of its own, one for the broker, one for the unit.

They are made on the machine that runs the demo and kept, so that a configuration made in one run
of the demo still fits in the next. Private keys are 0600 from their first byte.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import trustme

from appliance.demo.error import DemoError

BROKER_NAME = "broker.localhost"  # resolves to the loopback address (RFC 6761, 6.3)
ORGANISATION = "concentrator demo"


@dataclass(frozen=True, slots=True)
class DemoCertificates:
    """The PEM files, all in `directory`; `client_*` are the unit's, to enter or to leave out."""

    directory: Path

    @property
    def broker_authority(self) -> Path:
        """Whom the unit is to trust: the value of `broker-certificate`."""
        return self.directory / "broker-ca.pem"

    @property
    def broker_certificate(self) -> Path:
        """The broker's certificate, for broker.localhost."""
        return self.directory / "broker.pem"

    @property
    def broker_key(self) -> Path:
        """The broker's private key."""
        return self.directory / "broker-key.pem"

    @property
    def client_certificate(self) -> Path:
        """The value of `client-certificate`, from the same authority."""
        return self.directory / "client.pem"

    @property
    def client_key(self) -> Path:
        """The value of `client-private-key`."""
        return self.directory / "client-key.pem"

    @classmethod
    def load_or_create(cls, directory: Path) -> "DemoCertificates":
        """Keep a complete set, else make a new one; raises DemoError where it cannot be written."""
        certificates = cls(directory)
        try:
            if not all(path.is_file() for path in certificates._files()):
                certificates._create()
        except OSError as error:
            raise DemoError(
                f"the demo's certificates cannot be written to {directory} ({error.strerror}): "
                "choose another state_dir in the settings"
            ) from error
        return certificates

    def _files(self) -> tuple[Path, ...]:
        return (
            self.broker_authority,
            self.broker_certificate,
            self.broker_key,
            self.client_certificate,
            self.client_key,
        )

    def _create(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = trustme.CA(organization_name=ORGANISATION)
        broker = authority.issue_cert(BROKER_NAME, organization_name=ORGANISATION)
        client = authority.issue_cert(common_name="unit", organization_name=ORGANISATION)
        _write(self.broker_authority, authority.cert_pem)
        _write(self.broker_certificate, *broker.cert_chain_pems)
        _write(self.broker_key, broker.private_key_pem)
        _write(self.client_certificate, *client.cert_chain_pems)
        _write(self.client_key, client.private_key_pem)


def _write(path: Path, *blobs: trustme.Blob) -> None:
    path.unlink(missing_ok=True)  # a file already there keeps its mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(blob.bytes() for blob in blobs)

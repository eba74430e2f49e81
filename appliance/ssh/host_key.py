"""Owns the unit's SSH host key, by which a technician's client knows the unit again.

The key is made once, and is never readable by anyone but its owner. What a technician compares
with the label is its fingerprint.
"""

import logging
import stat
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from appliance.durable_file import replace_file
from appliance.errors import ConcentratorError

FILE_NAME = "ssh_host_ed25519_key"
ALGORITHM = "ssh-ed25519"

_log = logging.getLogger(__name__)


class HostKeyError(ConcentratorError):
    """One line: which file, what is wrong with it, and what to do."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """The private key, and its fingerprint as OpenSSH prints it: "SHA256:" and Base64."""

    private: asyncssh.SSHKey = field(repr=False)
    fingerprint: str


def load_or_create(directory: Path) -> HostKey:
    """The host key kept in `directory`, made on the first call; raises HostKeyError.

    Blocks on the disk: call it before the event loop serves anyone.
    """
    path = directory / FILE_NAME
    try:
        private = _load(path) if path.exists() else _create(path)
    except OSError as error:
        advice = "check [ssh] host_key_dir and who owns it"
        raise HostKeyError(f"SSH host key {path}: {error.strerror}: {advice}") from error
    return HostKey(private, private.get_fingerprint("sha256"))


def _load(path: Path) -> asyncssh.SSHKey:
    advice = "restore it, or remove the file to have a new key made (its fingerprint will change)"
    try:
        private = asyncssh.import_private_key(path.read_bytes())
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise HostKeyError(f"SSH host key {path}: damaged or encrypted: {advice}") from error
    if private.get_algorithm() != ALGORITHM:
        raise HostKeyError(f"SSH host key {path}: not an {ALGORITHM} key: {advice}")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        _log.warning("SSH host key %s was readable by others: permissions tightened", path)
        path.chmod(0o600)
    return private


def _create(path: Path) -> asyncssh.SSHKey:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = asyncssh.generate_private_key(ALGORITHM)
    # Not asyncssh's own write_private_key: it leaves the file readable by all.
    replace_file(path, private.export_private_key("openssh"))
    return private

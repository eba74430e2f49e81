"""Makes a unit somebody's: SSH host key, label password, serial number.

What it prints goes on the label mounted on the case. It is printed once: of the password only a
hash is kept.
"""

from dataclasses import dataclass, field
from pathlib import Path

from appliance.errors import ConcentratorError
from appliance.settings import Settings
from appliance.ssh import host_key
from appliance.ssh.login import Login, generate_password
from appliance.ssh.session import USER
from appliance.state_dir import StateDirError, sole_user


class AlreadyProvisionedError(ConcentratorError):
    """One line: the unit has a label already."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is printed on the unit's case."""

    serial_number: str
    password: str = field(repr=False)
    fingerprint: str

    def __str__(self) -> str:
        """The label's four lines."""
        return (
            f"Serial number: {self.serial_number}\n"
            f"User:          {USER}\n"
            f"Password:      {self.password}\n"
            f"Host key:      {self.fingerprint}"
        )


def credentials_path(settings: Settings) -> Path:
    """Where the label password's hash is kept; a unit without it was never provisioned."""
    return settings.unit.state_dir / "credentials.json"


def is_provisioned(settings: Settings) -> bool:
    """Whether the unit has a label; raises StateDirError where that cannot be seen."""
    try:
        return credentials_path(settings).exists()
    except OSError as error:
        directory = settings.unit.state_dir
        advice = "check [unit] state_dir and its owner"
        raise StateDirError(f"{directory}: {error.strerror}: {advice}") from error


def provision(
    settings: Settings,
    serial_number: str | None = None,
    password: str | None = None,
    *,
    force: bool = False,
) -> Label:
    """Gives the unit its label; an SSH host key that is there already stays.

    Without `serial_number` the settings' one holds, and goes on holding when it is changed there.
    Raises ConcentratorError, AlreadyProvisionedError among its kinds.
    """
    with sole_user(settings.unit.state_dir):
        return _provision(settings, serial_number, password or generate_password(), force=force)


def _provision(
    settings: Settings, serial_number: str | None, password: str, *, force: bool
) -> Label:
    path = credentials_path(settings)
    if is_provisioned(settings) and not force:
        raise AlreadyProvisionedError(
            f"{settings.unit.state_dir} belongs to a provisioned unit: its label stays valid; "
            "give --force to replace password and serial number"
        )
    key = host_key.load_or_create(settings.ssh.host_key_dir)
    Login.create(path, password, serial_number)
    return Label(serial_number or settings.unit.serial_number, password, key.fingerprint)

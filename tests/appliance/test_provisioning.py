import stat
from pathlib import Path

import pytest

from appliance.provisioning import (
    AlreadyProvisionedError,
    Label,
    credentials_path,
    is_provisioned,
    provision,
)
from appliance.settings import Settings, parse
from appliance.ssh.login import Login
from appliance.state_dir import StateDirError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A new unit's."""
    return parse("", tmp_path, "settings")


async def test_a_label_is_made_and_its_password_works(settings: Settings) -> None:
    """Serial number, user, password and fingerprint; on disk there is only a hash, 0600."""
    label = provision(settings, "KAM1")
    assert (label.serial_number, label.fingerprint[:7]) == ("KAM1", "SHA256:")
    path = credentials_path(settings)
    assert label.password not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    login = Login.load(path)
    assert login.serial_number == "KAM1"
    assert await login.verify(label.password)
    assert not await login.verify(label.password + "x")


def test_the_label_is_printed_as_four_lines(settings: Settings) -> None:
    """And a label that is logged by mistake tells no password."""
    label = provision(settings, password="secret word")
    assert str(label).splitlines() == [
        "Serial number: 00000000",
        "User:          tech",
        "Password:      secret word",
        f"Host key:      {label.fingerprint}",
    ]
    assert "secret word" not in repr(label)
    assert isinstance(label, Label)


def test_a_provisioned_unit_is_not_overwritten(settings: Settings) -> None:
    """Unless it is meant; the host key, known to the technicians' clients, stays."""
    first = provision(settings, "KAM1", "first")
    before = credentials_path(settings).read_bytes()
    with pytest.raises(AlreadyProvisionedError, match="--force"):
        provision(settings, "KAM2", "second")
    assert credentials_path(settings).read_bytes() == before
    second = provision(settings, "KAM2", "second", force=True)
    assert second.fingerprint == first.fingerprint
    assert Login.load(credentials_path(settings)).serial_number == "KAM2"


def test_a_place_that_cannot_be_looked_into_is_named(tmp_path: Path) -> None:
    """One line, as for every other trouble with the state directory."""
    settings = parse(f'[unit]\nstate_dir = "{"long" * 100}"', tmp_path, "settings")
    with pytest.raises(StateDirError, match=r"check \[unit\] state_dir"):
        is_provisioned(settings)

import stat
import subprocess
from pathlib import Path

import asyncssh
import pytest

from appliance.ssh.host_key import FILE_NAME, HostKeyError, load_or_create


def test_a_new_key_is_private_in_a_private_directory(tmp_path: Path) -> None:
    """The key file is 0600, the directory made for it 0700, and nothing else lies beside it."""
    load_or_create(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / FILE_NAME).stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "keys").iterdir()] == [FILE_NAME]


def test_the_fingerprint_is_the_one_ssh_keygen_prints(tmp_path: Path) -> None:
    """OpenSSH reads the file, as an Ed25519 key, and agrees on the fingerprint."""
    host_key = load_or_create(tmp_path)
    command = ["ssh-keygen", "-lf", str(tmp_path / FILE_NAME)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.split()[1] == host_key.fingerprint
    assert "(ED25519)" in printed


def test_the_key_stays_the_same(tmp_path: Path) -> None:
    """A second call loads what the first one made."""
    assert load_or_create(tmp_path).fingerprint == load_or_create(tmp_path).fingerprint


def test_wrong_permissions_are_tightened(tmp_path: Path) -> None:
    """A key that others could read is usable, and private from then on."""
    fingerprint = load_or_create(tmp_path).fingerprint
    (tmp_path / FILE_NAME).chmod(0o644)
    assert load_or_create(tmp_path).fingerprint == fingerprint
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"\x00\xff", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"])
def test_a_damaged_key_is_named_and_kept(tmp_path: Path, damage: bytes) -> None:
    """A damaged file is never replaced silently: every client would be alarmed."""
    (tmp_path / FILE_NAME).write_bytes(damage)
    with pytest.raises(HostKeyError, match=FILE_NAME) as caught:
        load_or_create(tmp_path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / FILE_NAME).read_bytes() == damage


def test_half_a_key_is_refused(tmp_path: Path) -> None:
    """A file cut off in the middle is damaged, not a crash."""
    load_or_create(tmp_path)
    whole = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HostKeyError, match="damaged"):
        load_or_create(tmp_path)


def test_an_encrypted_key_is_refused(tmp_path: Path) -> None:
    """Nobody is there to type a passphrase when the unit starts."""
    path = str(tmp_path / FILE_NAME)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", path]
    subprocess.run(command, check=True)
    with pytest.raises(HostKeyError, match="encrypted"):
        load_or_create(tmp_path)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    """The pinned host key algorithm is Ed25519."""
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    (tmp_path / FILE_NAME).write_bytes(key.export_private_key("openssh"))
    with pytest.raises(HostKeyError, match="not an ssh-ed25519 key"):
        load_or_create(tmp_path)


def test_an_impossible_directory_is_one_line_with_the_setting(tmp_path: Path) -> None:
    """What cannot be created names the settings key to look at."""
    (tmp_path / "file").touch()
    with pytest.raises(HostKeyError, match=r"\[ssh\] host_key_dir") as caught:
        load_or_create(tmp_path / "file" / "keys")
    assert "\n" not in str(caught.value)


def test_the_repr_shows_no_key(tmp_path: Path) -> None:
    """Only the fingerprint is for the eye."""
    host_key = load_or_create(tmp_path)
    assert repr(host_key) == f"HostKey(fingerprint='{host_key.fingerprint}')"

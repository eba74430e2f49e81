from pathlib import Path

from appliance.forwarding.file_identity import FileIdentity


def test_a_file_is_in_place_until_it_is_deleted_or_replaced(tmp_path: Path) -> None:
    """A WAL that is made later belongs to it from then on."""
    path, wal = tmp_path / "file", tmp_path / "file-wal"
    path.touch()
    identity = FileIdentity(path)
    assert identity.is_in_place()
    wal.touch()
    assert identity.is_in_place()
    wal.unlink()
    assert not identity.is_in_place()
    assert identity.has_its_name()
    wal.touch()
    path.rename(tmp_path / "elsewhere")
    assert not identity.is_in_place()
    assert not identity.has_its_name()
    path.touch()
    assert not identity.is_in_place()

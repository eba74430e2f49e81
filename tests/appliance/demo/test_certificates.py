import stat
from pathlib import Path

import pytest

from appliance.demo.certificates import DemoCertificates
from appliance.demo.error import DemoError
from appliance.parameters.pem import (
    key_mismatch,
    parse_client_chain,
    parse_private_key,
    parse_trust_anchors,
)


def test_the_parameters_accept_what_is_made(tmp_path: Path) -> None:
    """Authority, client certificate and key can be entered as they are, and belong together."""
    made = DemoCertificates.load_or_create(tmp_path / "demo")
    assert parse_trust_anchors(made.broker_authority.read_text()).warnings == ()
    chain = parse_client_chain(made.client_certificate.read_text())
    key = parse_private_key(made.client_key.read_text())
    assert key_mismatch(chain.text, key.text) is None


def test_private_keys_are_for_the_owner_alone(tmp_path: Path) -> None:
    """Keys are 0600 in a folder of 0700."""
    made = DemoCertificates.load_or_create(tmp_path / "demo")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made.client_key, made.broker_key)]
    assert modes == [0o600, 0o600]
    assert stat.S_IMODE(made.directory.stat().st_mode) == 0o700


def test_a_second_run_keeps_the_certificates(tmp_path: Path) -> None:
    """A configuration made with the first run's authority still fits."""
    first = DemoCertificates.load_or_create(tmp_path).broker_authority.read_text()
    again = DemoCertificates.load_or_create(tmp_path)
    assert again.broker_authority.read_text() == first


def test_an_incomplete_set_is_made_anew(tmp_path: Path) -> None:
    """A lost file means a new authority: nothing from the old one would fit."""
    made = DemoCertificates.load_or_create(tmp_path)
    before = made.broker_authority.read_text()
    made.client_key.unlink()
    DemoCertificates.load_or_create(tmp_path)
    assert made.client_key.exists()
    assert made.broker_authority.read_text() != before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the way gives one line with the folder in it."""
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises(DemoError, match="demo") as error:
        DemoCertificates.load_or_create(tmp_path / "demo")
    assert len(str(error.value).splitlines()) == 1

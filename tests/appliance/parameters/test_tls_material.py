import os
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from appliance.parameters.refusal import Refused
from appliance.parameters.tls_material import client_side, identify, trust
from tests.appliance.parameters.credentials import PKCS8, TRADITIONAL, ec_key, issue, key_pem


def test_the_context_is_strict_where_it_matters() -> None:
    """Certificate and name are verified, by subjectAltName alone, from TLS 1.2 on."""
    context = client_side()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.hostname_checks_common_name
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize("text", ["", "hello", issue("x").pem[:200]], ids=["empty", "text", "cut"])
def test_what_is_no_certificate_cannot_be_trusted(text: str) -> None:
    """Anything but whole certificates is refused."""
    with pytest.raises(Refused, match="TLS does not take the certificate"):
        trust(client_side(), text)


@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL], ids=["PKCS#8", "SEC1"])
def test_an_encrypted_key_is_refused_without_asking(form: PrivateFormat) -> None:
    """No passphrase is asked for: the key is refused with advice."""
    key = ec_key()
    encrypted = key_pem(key, form, passphrase="hunter2")
    with pytest.raises(Refused, match="decrypt it with: openssl pkey"):
        identify(client_side(), issue("unit", key=key).pem, encrypted)


def test_nothing_stays_open_or_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading an identity leaves neither a descriptor nor a file behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    unit = issue("unit")
    identify(client_side(), unit.pem, unit.key_pem)
    with pytest.raises(ssl.SSLError):
        identify(client_side(), unit.pem, key_pem(ec_key()))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert not list(tmp_path.iterdir())

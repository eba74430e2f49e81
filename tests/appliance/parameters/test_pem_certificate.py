import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.pem_certificate import (
    UNREADABLE,
    is_authority,
    is_for_clients_only,
    is_for_servers_only,
    is_self_issued,
    load_certificate,
    outdated_signature,
)
from tests.appliance.parameters.credentials import CLIENT, SERVER, issue

ROOT = issue("root", authority=True)
SIGNER = ExtendedKeyUsageOID.CODE_SIGNING


@pytest.mark.parametrize(
    ("usages", "servers", "clients"),
    [
        ((), False, False),
        ((SERVER,), True, False),
        ((CLIENT,), False, True),
        ((CLIENT, SERVER), False, False),
        ((SIGNER,), False, False),
        ((SIGNER, SERVER), True, False),
    ],
)
def test_what_it_is_for_is_in_its_usages(
    usages: tuple[x509.ObjectIdentifier, ...], servers: bool, clients: bool
) -> None:
    """Only a certificate that says so is for one side alone."""
    certificate = issue("one", usages=usages).certificate
    assert is_for_servers_only(certificate) is servers
    assert is_for_clients_only(certificate) is clients


def test_an_authority_says_so_or_is_an_old_root() -> None:
    """Basic constraints decide; without them a self-issued certificate is an authority."""
    assert is_authority(ROOT.certificate)
    assert is_authority(issue("old", authority=None).certificate)
    assert not is_authority(issue("self-signed").certificate)
    assert not is_authority(issue("leaf", ROOT, authority=None).certificate)


def test_who_issued_itself_has_one_name() -> None:
    """A root is issued by its own name."""
    assert is_self_issued(ROOT.certificate)
    assert not is_self_issued(issue("leaf", ROOT).certificate)


def test_sha_256_is_not_outdated() -> None:
    """Today's signatures are fine."""
    assert outdated_signature(issue("leaf", ROOT).certificate) is None


LEAF = issue("leaf", ROOT, usages=(CLIENT,), hosts=("leaf.example.com",))


@settings(deadline=None, max_examples=400)  # no matter how slow the machine
@given(st.integers(0, len(LEAF.der) - 1), st.integers(0, 255))
def test_a_certificate_that_loads_can_be_asked(place: int, byte: int) -> None:
    """With any byte changed a certificate is unreadable, or answers every question."""
    der = bytearray(LEAF.der)
    der[place] = byte
    try:
        certificate = load_certificate(bytes(der))
    except UNREADABLE:
        return
    for question in (is_authority, is_self_issued, is_for_servers_only, is_for_clients_only):
        assert question(certificate) in (True, False)
    assert outdated_signature(certificate) in (None, "SHA1", "MD5")

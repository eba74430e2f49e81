import pytest

from appliance.parameters.pem_bundle import read_certificates, read_key
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import block, issue, key_pem, rsa_key

ROOT = issue("root", authority=True)
UNIT = issue("unit", ROOT)


def test_kinds_are_sorted() -> None:
    """Certificates, each once, and the key are found in any order, whichever is wanted."""
    text = UNIT.key_pem + ROOT.pem + UNIT.pem + ROOT.pem
    _, by_key = read_key(text)
    for bundle in (read_certificates(text), by_key):
        assert bundle.certificates == (ROOT.certificate, UNIT.certificate)
        assert bundle.key
        assert bundle.key.pem == UNIT.key_pem
        assert bundle.notes == []
        assert UNIT.key_pem.splitlines()[1] not in repr(bundle)


def test_a_fault_costs_what_it_is_in() -> None:
    """What is wanted must be faultless; of the other kind a fault is noted."""
    broken = block("CERTIFICATE")
    key, bundle = read_key(UNIT.key_pem + broken)
    assert key.pem == UNIT.key_pem
    assert bundle.certificates == ()
    assert "the certificates were left out: block 2 does not hold" in bundle.notes[0]
    with pytest.raises(Refused, match="block 2 does not hold a readable certificate"):
        read_certificates(UNIT.pem + broken + UNIT.key_pem)
    assert read_certificates(UNIT.pem + block("PRIVATE KEY")).key is None


def test_all_else_is_noted() -> None:
    """Blocks of no use are named; parameters of a curve go without saying."""
    text = block("EC PARAMETERS") + UNIT.pem + block("X509 CRL") + block("HUNTER2")
    assert read_certificates(text).notes == [
        "block 3 is a revocation list (CRL) and was left out",
        "block 4 is of an unknown kind and was left out",
    ]


def test_weakness_of_a_certificate_is_a_fault() -> None:
    """A certificate whose key TLS 1.2 does not take is not read."""
    weak = issue("weak", key=rsa_key(1024))
    with pytest.raises(Refused, match=r"block 1 has an RSA key of 1,024 bits"):
        read_certificates(weak.pem)
    assert key_pem(weak.key).startswith("-----BEGIN PRIVATE KEY")
    assert read_key(weak.key_pem)[0].pem == weak.key_pem  # whether it is strong is asked later

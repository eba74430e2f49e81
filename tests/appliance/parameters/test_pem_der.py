import pytest

from appliance.parameters.pem_der import is_cut, missing_bytes, name_der
from tests.appliance.parameters.credentials import ec_key, issue, key_der, pkcs7_file, pkcs12_file

UNIT = issue("unit")


@pytest.mark.parametrize(
    ("der", "missing"),
    [
        (b"", None),
        (b"0", None),
        (b"\x02\x01\x05", None),
        (b"0\x00", 0),
        (b"0\x03\x02\x01\x05", 0),
        (b"0\x03\x02\x01", 1),
        (b"0\x03\x02\x01\x05\x05", -1),
        (b"0\x81", 1),
        (b"0\x81\x03\x02\x01\x05", 0),
        (b"0\x82\x01\x00" + bytes(200), 56),
        (b"0\x80" + bytes(9), None),
        (b"0\x85" + bytes(9), None),
        pytest.param(UNIT.der, 0, id="certificate"),
        pytest.param(UNIT.der[:100], len(UNIT.der) - 100, id="torn certificate"),
    ],
)
def test_what_is_missing_is_counted(der: bytes, missing: int | None) -> None:
    """The outer length tells how much is missing; what has none is no DER of ours."""
    assert missing_bytes(der) == missing
    assert is_cut(der) == bool(missing and missing > 0)


@pytest.mark.parametrize(
    ("der", "name"),
    [
        (UNIT.der, "a certificate in DER"),
        (key_der(ec_key()), "a private key in DER"),
        (pkcs7_file(UNIT), "a PKCS#7 bundle (.p7b)"),
        (pkcs12_file(UNIT), "a PKCS#12 file (.p12, .pfx)"),
    ],
)
def test_what_it_is_is_named(der: bytes, name: str) -> None:
    """Each kind is told by what is in it, and only when all of it is there."""
    named = name_der(der)
    assert named
    assert named[0] == name
    assert named[1].startswith("convert it with: openssl ")
    assert name_der(der[:-1]) is None
    assert name_der(der + b"\0") is None


def test_anything_else_has_no_name() -> None:
    """A sequence of no known kind is not guessed at."""
    assert name_der(b"0\x03\x02\x01\x05") is None
    assert name_der(b"") is None

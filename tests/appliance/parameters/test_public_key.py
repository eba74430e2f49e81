import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from appliance.parameters.public_key import is_rsa_or_ec, kind, weakness
from tests.appliance.parameters.credentials import ec_key, rsa_key

ED25519 = ed25519.Ed25519PrivateKey.generate().public_key()


@pytest.mark.parametrize(
    "key",
    [
        rsa_key(2048).public_key(),
        ec_key(ec.SECP256R1()).public_key(),
        ec_key(ec.SECP384R1()).public_key(),
        ec_key(ec.SECP521R1()).public_key(),
        ED25519,
    ],
)
def test_what_works_under_tls_has_no_weakness(key: PublicKeyTypes) -> None:
    """RSA from 2,048 bits, the three NIST curves and Ed25519 are usable."""
    assert weakness(key) is None


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (rsa_key(1024).public_key(), "an RSA key of 1,024 bits: use one of 2,048 bits or more"),
        (ec_key(ec.SECP256K1()).public_key(), "an EC key on the curve secp256k1: use P-256"),
        (ec_key(ec.BrainpoolP256R1()).public_key(), "the curve brainpoolP256r1: use P-256"),
        (ed448.Ed448PrivateKey.generate().public_key(), "a key of the kind Ed448: use RSA or EC"),
    ],
)
def test_what_does_not_work_is_named(key: PublicKeyTypes, message: str) -> None:
    """Any other key is refused by its kind, with what to use instead."""
    assert message in (weakness(key) or "")


def test_the_units_own_key_is_rsa_or_ec() -> None:
    """An authority may use Ed25519; the unit's own key may not."""
    assert is_rsa_or_ec(rsa_key().public_key())
    assert is_rsa_or_ec(ec_key().public_key())
    assert not is_rsa_or_ec(ED25519)


def test_an_endless_rsa_key_is_refused() -> None:
    """OpenSSL checks no signature of more than 16,384 bits, so no broker could be met with one."""
    endless = rsa.RSAPublicNumbers(65537, (1 << 16_384) + 1).public_key()
    assert "an RSA key of 16,385 bits: use one of 16,384 bits at most" in (weakness(endless) or "")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (rsa_key(2048).public_key(), "RSA 2048"),
        (ec_key(ec.SECP384R1()).public_key(), "EC P-384"),
        (ec_key(ec.SECP256K1()).public_key(), "EC secp256k1"),
        (ED25519, "Ed25519"),
    ],
)
def test_a_kind_is_named_in_short(key: PublicKeyTypes, name: str) -> None:
    """Kind and size, as technicians write them."""
    assert kind(key) == name

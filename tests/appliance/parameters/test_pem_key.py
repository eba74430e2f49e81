import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.parameters.pem_blocks import read_blocks
from appliance.parameters.pem_key import PrivateKey, load_key, the_only
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import TRADITIONAL, block, ec_key, key_pem

KEY = ec_key()


def loaded(key: ec.EllipticCurvePrivateKey, traditional: bool = False) -> PrivateKey:
    """The key as read from its PEM."""
    text = key_pem(key, TRADITIONAL) if traditional else key_pem(key)
    return load_key(read_blocks(text)[0])


def test_a_key_is_known_by_its_public_half() -> None:
    """A key read from its PEM has its public half, and the PEM it came in."""
    assert loaded(KEY).public == KEY.public_key()
    assert loaded(KEY, traditional=True).pem == key_pem(KEY, TRADITIONAL)


def test_the_same_key_in_two_forms_is_one() -> None:
    """However the forms were pasted, PKCS#8 is kept."""
    both = [loaded(KEY, traditional=True), loaded(KEY)]
    assert the_only(both).pem == the_only(both[::-1]).pem == key_pem(KEY)


def test_different_keys_are_refused() -> None:
    """Nobody but the technician knows which is the unit's."""
    with pytest.raises(Refused, match=r"^2 different private keys: paste only the unit's own$"):
        the_only([loaded(KEY), loaded(ec_key()), loaded(KEY)])


def test_the_repr_shows_nothing() -> None:
    """A key is kept out of its repr."""
    assert repr(loaded(KEY)) == "PrivateKey()"


def test_an_unreadable_key_leaves_no_trace() -> None:
    """What could not be read is not in the refusal, nor in what led to it."""
    secret = b"0\x10hunter2-hunter2-"
    with pytest.raises(Refused, match="not a readable private key") as caught:
        load_key(read_blocks(block("PRIVATE KEY", secret))[0])
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert base64.b64encode(secret).decode()[:8] not in str(caught.value)

import pytest

from appliance.parameters.pem_blocks import Block
from appliance.parameters.pem_labels import CERTIFICATES, PRIVATE_KEY, Wanted
from appliance.parameters.refusal import Refused


@pytest.mark.parametrize("wanted", [CERTIFICATES, PRIVATE_KEY], ids=["certificates", "key"])
def test_what_belongs_is_taken(wanted: Wanted) -> None:
    """Every label a field takes passes."""
    wanted.check([Block(1, label, b"x") for label in wanted.labels])


def test_the_first_that_does_not_belong_is_named() -> None:
    """The message says which block is what."""
    blocks = [Block(1, "CERTIFICATE", b"x"), Block(2, "PUBLIC KEY", b"x")]
    with pytest.raises(Refused, match=r"^block 2 is a public key: only certificates belong here$"):
        CERTIFICATES.check(blocks)


def test_an_unknown_label_is_not_repeated() -> None:
    """A label could be part of a secret."""
    with pytest.raises(Refused, match=r"^block 1 is of an unknown kind: only the private key"):
        PRIVATE_KEY.check([Block(1, "HUNTER2", b"x")])

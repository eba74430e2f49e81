import pytest

from appliance.parameters.pem_labels import CERTIFICATES, NAMES, PRIVATE_KEY, Wanted


@pytest.mark.parametrize("wanted", [CERTIFICATES, PRIVATE_KEY], ids=["certificates", "key"])
def test_every_label_in_use_has_a_name(wanted: Wanted) -> None:
    """What a field takes or advises on is known, so its markers are found with any dashes."""
    assert wanted.labels | set(wanted.advice) <= set(NAMES)
    assert not wanted.labels & set(wanted.advice)


def test_the_first_is_named() -> None:
    """The message says which block is what."""
    fault = CERTIFICATES.fault(["PUBLIC KEY", "X509 CRL"])
    assert fault == "block 1 is a public key: only certificates belong here"


def test_what_comes_closest_is_named() -> None:
    """Where one of the blocks can be made into what is wanted, the message is about that."""
    fault = PRIVATE_KEY.fault(["CERTIFICATE", "ENCRYPTED PRIVATE KEY", "CERTIFICATE"])
    assert fault.startswith("block 2 is an encrypted private key: decrypt it with: openssl pkey")


def test_an_unknown_label_is_not_repeated() -> None:
    """A label could be part of a secret."""
    fault = PRIVATE_KEY.fault(["HUNTER2"])
    assert fault == "block 1 is of an unknown kind: only the private key belongs here"

from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from appliance.parameters.chain import leaf_first
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import issue

ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True)
LEAF = issue("unit", MIDDLE)
CHAIN = [LEAF.certificate, MIDDLE.certificate, ROOT.certificate]


@pytest.mark.parametrize("order", list(permutations(CHAIN)))
def test_any_order_becomes_leaf_first(order: tuple[x509.Certificate, ...]) -> None:
    """However a chain was pasted, it comes out leaf, intermediate, root."""
    assert leaf_first(list(order)) == CHAIN


def test_one_certificate_is_a_chain() -> None:
    """A single certificate, self-signed or not, stands for itself."""
    assert leaf_first([LEAF.certificate]) == [LEAF.certificate]
    assert leaf_first([ROOT.certificate]) == [ROOT.certificate]


def test_a_heap_of_certificates_is_refused() -> None:
    """More certificates than a chain has are refused before any signature is checked."""
    heap = [issue("same", ROOT).certificate for _ in range(11)]
    with pytest.raises(Refused, match=r"11 certificates: .* at most 10"):
        leaf_first(heap)


def test_a_certificate_pasted_twice_is_kept_once() -> None:
    """Duplicates go."""
    assert leaf_first([ROOT.certificate, *CHAIN, LEAF.certificate]) == CHAIN


def test_a_cross_signed_intermediate_stays() -> None:
    """Two certificates for the issuer's one key both belong to the chain."""
    other_root = issue("other root", authority=True)
    cross = issue("middle", other_root, key=MIDDLE.key, authority=True)
    chain = leaf_first([cross.certificate, MIDDLE.certificate, LEAF.certificate])
    assert chain[0] == LEAF.certificate
    assert set(chain[1:]) == {cross.certificate, MIDDLE.certificate}


def test_an_ed25519_issuer_is_recognised() -> None:
    """The chain is followed by signatures of any kind an authority uses."""
    authority = issue("ed", key=ed25519.Ed25519PrivateKey.generate(), authority=True)
    leaf = issue("unit", authority)
    chain = [leaf.certificate, authority.certificate]
    assert leaf_first(chain[::-1]) == chain


def test_the_same_name_with_another_key_is_no_issuer() -> None:
    """An authority renewed under its old name did not issue what the old key signed."""
    renewed = issue("middle", ROOT, authority=True)
    with pytest.raises(Refused, match="do not form one chain"):
        leaf_first([LEAF.certificate, renewed.certificate])


@pytest.mark.parametrize(
    "certificates",
    [
        [LEAF.certificate, ROOT.certificate],
        [LEAF.certificate, MIDDLE.certificate, issue("stranger").certificate],
        [LEAF.certificate, issue("unit 2", MIDDLE).certificate, MIDDLE.certificate],
    ],
    ids=["gap", "stranger", "two leaves"],
)
def test_what_is_no_chain_is_refused(certificates: list[x509.Certificate]) -> None:
    """A gap, a foreign certificate or a second leaf is refused."""
    with pytest.raises(Refused, match=r"do not form one chain: .* none missing"):
        leaf_first(certificates)

from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

from appliance.parameters.chain import Lineage
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import issue

ROOT = issue("root", authority=True)
MIDDLE = issue("middle", ROOT, authority=True)
LEAF = issue("unit", MIDDLE)
CHAIN = [LEAF.certificate, MIDDLE.certificate, ROOT.certificate]


@pytest.mark.parametrize("order", list(permutations(CHAIN)))
def test_any_order_becomes_leaf_first(order: tuple[x509.Certificate, ...]) -> None:
    """However a chain was pasted, it comes out leaf, intermediate, root."""
    lineage = Lineage(order)
    assert lineage.leaves() == [LEAF.certificate]
    assert lineage.chain(LEAF.certificate) == lineage.in_order(order) == CHAIN


def test_one_certificate_is_a_chain() -> None:
    """A single certificate, self-signed or not, stands for itself."""
    for one in (LEAF.certificate, ROOT.certificate):
        lineage = Lineage([one])
        assert lineage.leaves() == lineage.chain(one) == [one]


def test_a_heap_of_certificates_is_refused() -> None:
    """More certificates than anybody needs are refused before any signature is checked."""
    heap = [issue("same", ROOT).certificate for _ in range(51)]
    with pytest.raises(Refused, match=r"^51 certificates: paste at most 50$"):
        Lineage(heap)


def test_a_certificate_pasted_twice_is_kept_once() -> None:
    """Duplicates go."""
    lineage = Lineage([ROOT.certificate, *CHAIN, LEAF.certificate])
    assert lineage.certificates == (ROOT.certificate, LEAF.certificate, MIDDLE.certificate)


def test_a_cross_signed_intermediate_stays() -> None:
    """Two certificates for the issuer's one key both belong to the chain."""
    other_root = issue("other root", authority=True)
    cross = issue("middle", other_root, key=MIDDLE.key, authority=True)
    lineage = Lineage([cross.certificate, MIDDLE.certificate, LEAF.certificate])
    chain = lineage.chain(LEAF.certificate)
    assert chain[0] == LEAF.certificate
    assert set(chain[1:]) == {cross.certificate, MIDDLE.certificate}


def test_a_renewed_root_is_not_above_itself() -> None:
    """Two certificates of one root, same name and key, are both above, neither above the other."""
    renewed = issue("root", key=ROOT.key, authority=True)
    both = [ROOT.certificate, renewed.certificate]
    assert set(Lineage(both).leaves()) == set(both)
    assert set(Lineage([MIDDLE.certificate, *both]).chain(MIDDLE.certificate)[1:]) == set(both)


def test_roots_that_signed_each_other_end() -> None:
    """Two authorities that vouch for each other make no endless chain."""
    other = issue("other", authority=True)
    circle = [
        issue("root", other, key=ROOT.key, authority=True).certificate,
        issue("other", ROOT, key=other.key, authority=True).certificate,
    ]
    lineage = Lineage([*circle, MIDDLE.certificate])
    assert lineage.leaves() == [MIDDLE.certificate]
    assert set(lineage.chain(MIDDLE.certificate)[1:]) == set(circle)
    assert Lineage(circle).leaves() == []
    assert Lineage(circle).in_order(circle) == Lineage(circle[::-1]).in_order(circle[::-1])


def test_an_ed25519_issuer_is_recognised() -> None:
    """The chain is followed by signatures of any kind an authority uses."""
    authority = issue("ed", key=ed25519.Ed25519PrivateKey.generate(), authority=True)
    leaf = issue("unit", authority)
    chain = [leaf.certificate, authority.certificate]
    assert Lineage(chain[::-1]).chain(leaf.certificate) == chain


def test_the_same_name_with_another_key_is_no_issuer() -> None:
    """An authority renewed under its old name did not issue what the old key signed."""
    renewed = issue("middle", ROOT, authority=True)
    lineage = Lineage([LEAF.certificate, renewed.certificate])
    assert lineage.chain(LEAF.certificate) == [LEAF.certificate]


def test_what_is_no_kin_stays_out_of_the_chain() -> None:
    """Strangers, siblings and what lies beyond a gap are not in the chain."""
    sibling = issue("unit 2", MIDDLE).certificate
    stranger = issue("stranger").certificate
    lineage = Lineage([sibling, stranger, MIDDLE.certificate, LEAF.certificate])
    assert set(lineage.leaves()) == {sibling, stranger, LEAF.certificate}
    assert lineage.chain(LEAF.certificate) == CHAIN[:2]
    assert Lineage([ROOT.certificate, LEAF.certificate]).chain(LEAF.certificate) == CHAIN[:1]

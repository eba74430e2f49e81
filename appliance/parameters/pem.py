"""Owns the rules for what is pasted as certificate or key: text, blocks, bundle, verdict.

`pem_blocks` finds the blocks in the text, `pem_bundle` reads them, `pem_unit` says whose is what,
`pem_verdict` asks `ssl`. Whatever the paste holds for the other two fields is offered to them.
Whether a certificate is valid today is not asked: the unit's clock may be wrong.
"""

from cryptography import x509

from appliance.parameters.accepted import Accepted
from appliance.parameters.chain import Lineage
from appliance.parameters.pem_blocks import read_blocks
from appliance.parameters.pem_bundle import Bundle, read_certificates, read_key
from appliance.parameters.pem_certificate import is_authority
from appliance.parameters.pem_key import load_key
from appliance.parameters.pem_unit import certificate_of, client_among_anchors, is_client, unit_of
from appliance.parameters.pem_verdict import anchors_pem, chain_pem, key_pem
from appliance.parameters.refusal import Refused

_BROKER, _CHAIN, _KEY = "broker-certificate", "client-certificate", "client-private-key"


def parse_trust_anchors(text: str) -> Accepted:
    """Accept the certificates to trust, the issued before its issuer; raise Refused.

    A client certificate among them is offered with its key, for the fields of the client.
    """
    bundle = read_certificates(text)
    lineage = bundle.lineage
    unit = client_among_anchors(lineage, bundle.key)
    chain = lineage.chain(unit) if unit else []
    anchors = [each for each in lineage.certificates if each not in chain and not is_client(each)]
    if not any(is_authority(each) for each in anchors):
        # One authority for broker and units.
        anchors += [each for each in chain if is_authority(each)]
    if not anchors:
        raise Refused(_no_anchor(bundle))
    pem = anchors_pem(Lineage(anchors).in_order(anchors))
    also = _offer_chain(bundle, chain) | _offer_key(bundle, unit)
    left_out = set(lineage.certificates) - {*anchors, *chain}
    return Accepted(pem, (*bundle.notes, *_count(len(left_out), "of clients only")), also)


def parse_client_chain(text: str) -> Accepted:
    """Accept the unit's certificate, or its chain in any order, stored leaf first; raise Refused.

    Its key, and authorities that are none of its issuers, are offered to their fields.
    """
    bundle = read_certificates(text)
    lineage = bundle.lineage
    unit = unit_of(lineage, bundle.key)
    chain = lineage.chain(unit)
    pem = chain_pem(chain)
    if chain != [each for each in lineage.certificates if each in chain]:
        bundle.notes.append("stored with the unit's own certificate first")
    also = _offer_key(bundle, unit) | _offer_rest(bundle, lineage, chain)
    return Accepted(pem, tuple(bundle.notes), also)


def parse_private_key(text: str) -> Accepted:
    """Accept one unencrypted RSA or EC key (PKCS#8, PKCS#1 or SEC1); raise Refused.

    The certificates with it are offered to their fields.
    """
    key, bundle = read_key(text)
    pem = key_pem(key)
    also = bundle.try_for("the certificates were", lambda: _offer_certificates(bundle)) or {}
    return Accepted(pem, tuple(bundle.notes), also)


def key_mismatch(chain: str, key: str) -> str | None:
    """Return why the key is not that of the chain's first certificate, or None where it is.

    Both as accepted above.
    """
    public = load_key(read_blocks(key)[0]).public
    certificates = read_certificates(chain).certificates
    if certificates[0].public_key() == public:
        return None
    if any(certificate.public_key() == public for certificate in certificates):
        return "is the key of an issuer in client-certificate: enter the unit's own key"
    return "does not belong to client-certificate: enter the key the certificate was made for"


def _offer_certificates(bundle: Bundle) -> dict[str, str]:
    """Return what comes with a key: the chain it belongs to, and authorities."""
    lineage = bundle.lineage
    chain = []
    if certificate_of(lineage, bundle.key):
        chain = lineage.chain(unit_of(lineage, bundle.key))
    return _offer_chain(bundle, chain) | _offer_rest(bundle, lineage, chain)


def _offer_chain(bundle: Bundle, chain: list[x509.Certificate]) -> dict[str, str]:
    pem = bundle.try_for("the client certificate was", lambda: chain_pem(chain)) if chain else None
    return {_CHAIN: pem} if pem else {}


def _offer_key(bundle: Bundle, unit: x509.Certificate | None) -> dict[str, str]:
    key = bundle.key
    if not key:
        return {}
    if not unit or unit.public_key() != key.public:
        bundle.notes.append("the private key was left out: no certificate of a unit here is for it")
        return {}
    pem = bundle.try_for("the private key was", lambda: key_pem(key))
    return {_KEY: pem} if pem else {}


def _offer_rest(bundle: Bundle, lineage: Lineage, chain: list[x509.Certificate]) -> dict[str, str]:
    """Return the authorities outside the chain; note what else is outside it."""
    rest = [each for each in lineage.certificates if each not in chain]
    authorities = [each for each in rest if is_authority(each)]
    bundle.notes += _count(len(authorities), f"of authorities, for {_BROKER} if anything")
    bundle.notes += _count(len(rest) - len(authorities), "that are not in this unit's chain")
    if not authorities:
        return {}
    ordered = Lineage(authorities).in_order(authorities)
    pem = bundle.try_for("the authorities' certificates were", lambda: anchors_pem(ordered))
    return {_BROKER: pem} if pem else {}


def _no_anchor(bundle: Bundle) -> str:
    if bundle.key:
        return (
            "only a certificate with its private key, so a unit's own: enter them in "
            f"{_CHAIN} and {_KEY}; if it is the broker's, paste it without the key"
        )
    return (
        "a client's certificate (its extended key usage has clientAuth but not serverAuth): "
        f"this is for {_CHAIN}, paste the broker's or its authority's here"
    )


def _count(number: int, which: str) -> list[str]:
    plural = "s were" if number > 1 else " was"
    return [f"{number} certificate{plural} left out: {which}"] if number else []

"""Owns the question whose certificate is whose: the unit's own, its issuers', the broker's.

What cannot be told from the certificates and the key is asked, not guessed.
"""

from cryptography import x509

from appliance.parameters.chain import Lineage
from appliance.parameters.pem_certificate import (
    is_authority,
    is_for_clients_only,
    is_for_servers_only,
)
from appliance.parameters.pem_key import PrivateKey
from appliance.parameters.refusal import Refused

_SERVER_USAGE = "its extended key usage has serverAuth but not clientAuth"


def unit_of(lineage: Lineage, key: PrivateKey | None) -> x509.Certificate:
    """Return the unit's own certificate: the key's, or the only one that can be; raise Refused."""
    if own := certificate_of(lineage, key):
        if is_for_servers_only(own):
            raise Refused(f"a server's certificate ({_SERVER_USAGE}): have it issued with both")
        return own
    leaves = lineage.leaves()
    candidates = [
        leaf for leaf in leaves if not is_authority(leaf) and not is_for_servers_only(leaf)
    ]
    if not candidates:
        return _unusual(leaves)
    if len(candidates) > 1:
        raise Refused(
            f"{len(candidates)} certificates could be this unit's own: paste one alone, or all "
            "together with its private key"
        )
    return candidates[0]


def certificate_of(lineage: Lineage, key: PrivateKey | None) -> x509.Certificate | None:
    """Return the certificate for the key, None where only issuers or none have it; raise Refused.

    Refused are several for one key, as before and after a renewal.
    """
    own = [leaf for leaf in lineage.leaves() if key and leaf.public_key() == key.public]
    if len(own) > 1:
        raise Refused(f"{len(own)} certificates for the same key: paste only the newest")
    return own[0] if own else None


def client_among_anchors(lineage: Lineage, key: PrivateKey | None) -> x509.Certificate | None:
    """Return the certificate that no broker shows but the unit itself: the key's, or a client's."""
    own = certificate_of(lineage, key)
    if own and not is_authority(own) and not is_for_servers_only(own):
        return own
    clients = [leaf for leaf in lineage.leaves() if is_client(leaf)]
    return clients[0] if len(clients) == 1 else None


def is_client(certificate: x509.Certificate) -> bool:
    """Say whether the certificate can be no broker's, nor vouch for one."""
    return not is_authority(certificate) and is_for_clients_only(certificate)


def _unusual(leaves: list[x509.Certificate]) -> x509.Certificate:
    """Return the only leaf though it is an authority's: `openssl req -x509` makes such."""
    if any(not is_authority(leaf) for leaf in leaves):
        raise Refused(
            f"a server's certificate ({_SERVER_USAGE}): this is the broker's own certificate, "
            "not yours"
        )
    if len(leaves) != 1:
        raise Refused(
            "only certificates of authorities: none of them is clearly this unit's own, paste "
            "that one"
        )
    return leaves[0]

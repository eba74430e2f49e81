"""Owns the order of a client certificate chain: the unit's own certificate first (RFC 5246, 7.4.2).

Each certificate after it has issued one before it.
"""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from appliance.parameters.refusal import Refused

# Chains in use have two to four; sorting takes the cube of it in signature checks.
MAX_CERTIFICATES = 10


def leaf_first(certificates: list[x509.Certificate]) -> list[x509.Certificate]:
    """Return the certificates leaf first, without duplicates; raise Refused for no chain."""
    pending = list(dict.fromkeys(certificates))
    if len(pending) > MAX_CERTIFICATES:
        raise Refused(
            f"{len(pending)} certificates: paste only this unit's and those above it, "
            f"at most {MAX_CERTIFICATES}"
        )
    leaves = [
        one for one in pending if not any(_issued(one, other) for other in pending if other != one)
    ]
    chain = leaves[:1]
    while chain and (issuer := _issuer_of_any(chain, pending)):
        chain.append(issuer)
    if len(chain) != len(pending):
        raise Refused(
            "the certificates do not form one chain: paste this unit's certificate and those "
            "above it, with none missing between and none foreign"
        )
    return chain


def _issuer_of_any(
    chain: list[x509.Certificate], pending: list[x509.Certificate]
) -> x509.Certificate | None:
    """Return the next certificate, not yet in the chain, that issued one in it."""
    for certificate in chain:
        for other in pending:
            if other not in chain and _issued(other, certificate):
                return other
    return None


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True

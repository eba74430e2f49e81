"""Owns who issued whom among certificates, and their order: the issued before its issuer.

A client certificate's chain is that of RFC 5246, 7.4.2: the unit's own certificate first. The
order is the same however the certificates were pasted.
"""

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.parameters.refusal import Refused

MAX_CHAIN = 10  # chains in use have two to four
MAX_CERTIFICATES = 50  # every pair of one name costs a signature check


class Lineage:
    """Distinct certificates, and for each those above it; raises Refused for too many."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self.certificates = tuple(dict.fromkeys(certificates))
        if len(self.certificates) > MAX_CERTIFICATES:
            raise Refused(
                f"{len(self.certificates)} certificates: paste at most {MAX_CERTIFICATES}"
            )
        self._issuers = {
            each: {other for other in self.certificates if _issued(other, each)}
            for each in self.certificates
        }

    def leaves(self) -> list[x509.Certificate]:
        """Return the certificates that issued no other here, in order."""
        issuers = set[x509.Certificate]().union(*self._issuers.values())
        return self.in_order(each for each in self.certificates if each not in issuers)

    def chain(self, leaf: x509.Certificate) -> list[x509.Certificate]:
        """Return the leaf and all above it, in order; raise Refused for too long a chain."""
        chain = [leaf, *self.in_order(self._above(leaf) - {leaf})]
        if len(chain) > MAX_CHAIN:
            raise Refused(
                f"a chain of {len(chain)} certificates: paste only this unit's and those above "
                f"it, at most {MAX_CHAIN}"
            )
        return chain

    def in_order(self, certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
        """Return them with each before its issuers, and otherwise in an order of their own."""
        # Whoever issued a certificate has fewer above it than that certificate has.
        return sorted(
            certificates,
            key=lambda each: (-len(self._above(each)), each.public_bytes(Encoding.DER)),
        )

    def _above(self, certificate: x509.Certificate) -> set[x509.Certificate]:
        above: set[x509.Certificate] = set()
        pending = {certificate}
        while pending:
            found = self._issuers[pending.pop()] - above
            above |= found
            pending |= found
        return above


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Say whether one signed the other; certificates for the same key are the same authority."""
    if issuer.subject != certificate.issuer or issuer.public_key() == certificate.public_key():
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True

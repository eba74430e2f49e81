"""Owns the private key in a PEM block: read, and known by its public half.

No key, nor any part of one, is in a repr or a message; refusals are raised `from None`.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from appliance.parameters.pem_blocks import Block
from appliance.parameters.pem_der import is_cut
from appliance.parameters.public_key import kind
from appliance.parameters.refusal import Refused
from appliance.parameters.tls_material import ENCRYPTED_KEY

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An unencrypted RSA or EC key, with the PEM it came in."""

    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    pem: str = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The public half: what a certificate for the key holds."""
        return self.private.public_key()


def the_only(keys: list[PrivateKey]) -> PrivateKey:
    """Return the one key of these, however often it is there; raise Refused for different ones."""
    different = len({_identity(key) for key in keys})
    if different > 1:
        raise Refused(f"{different} different private keys: paste only the unit's own")
    # The same key in several forms is stored as PKCS#8, in whatever order it was pasted.
    return min(keys, key=lambda key: ("BEGIN PRIVATE" not in key.pem, key.pem))


def load_key(block: Block) -> PrivateKey:
    """Return the key in the block; raise Refused."""
    if block.encrypted:
        raise Refused(ENCRYPTED_KEY)
    try:
        key = serialization.load_der_private_key(block.der, password=None)
    except TypeError:
        raise Refused(ENCRYPTED_KEY) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Refused(_unreadable(block)) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Refused(
            f"{kind(key.public_key())}: the unit's own must be RSA or EC, use one of them"
        )
    return PrivateKey(key, block.pem)


def _unreadable(block: Block) -> str:
    if is_cut(block.der):
        return f"block {block.number} is cut, its Base64 ends too soon: paste it again as a whole"
    return "not a readable private key: paste an RSA or EC key as a whole"


def _identity(key: PrivateKey) -> bytes:
    return key.public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

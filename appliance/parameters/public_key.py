"""Owns which public keys work for TLS 1.2 with OpenSSL's usual security level 2."""

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 16_384  # OpenSSL checks no signature of a longer key
# The curves of TLS every broker knows, under OpenSSL's names and NIST's.
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def is_rsa_or_ec(key: PublicKeyTypes) -> bool:
    """Say whether the key is of a kind the unit may use as its own."""
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)


def kind(key: PublicKeyTypes) -> str:
    """Return the kind of key in short, such as "RSA 2048", "EC P-256" or "Ed25519"."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {CURVES.get(key.curve.name, key.curve.name)}"
    return type(key).__name__.removesuffix("PublicKey")


def weakness(key: PublicKeyTypes) -> str | None:
    """Return what keeps the key from being used, and what to use instead; None where it is fine."""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            return f"an RSA key of {key.key_size:,} bits: use one of {MIN_RSA_BITS:,} bits or more"
        if key.key_size > MAX_RSA_BITS:
            return f"an RSA key of {key.key_size:,} bits: use one of {MAX_RSA_BITS:,} bits at most"
        return None
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name in CURVES:
            return None
        return f"an EC key on the curve {key.curve.name}: use {', '.join(CURVES.values())} or RSA"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return None
    return f"a key of the kind {kind(key)}: use RSA or EC"

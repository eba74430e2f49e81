"""Owns what Python's `ssl` makes of PEM: trust and identity, loaded from memory.

`pem` judges with it what may be saved, `tls` builds the connection's context from it, so both
agree. No private key touches a disk, and nothing ever prompts for a passphrase.
"""

import os
import ssl

from appliance.parameters.refusal import Refused

ENCRYPTED_KEY = (
    "the private key is encrypted: decrypt it with: openssl pkey -in key.pem -out plain.pem"
)


def client_side() -> ssl.SSLContext:
    """Return a context that verifies certificate and name, TLS 1.2 or newer, trusting nobody yet.

    Made by hand: `create_default_context` turns on VERIFY_X509_STRICT from Python 3.13 on, which
    refuses many private authorities.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # An intermediate, or the broker's own certificate, is anchor enough.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # Otherwise a certificate without subjectAltName passes by its common name (RFC 9525, 2).
    context.hostname_checks_common_name = False
    return context


def trust(context: ssl.SSLContext, anchors: str) -> None:
    """Trust each of the certificates as an anchor; raise Refused where `ssl` does not take them."""
    try:
        context.load_verify_locations(cadata=anchors)
    except (ssl.SSLError, ValueError) as error:
        raise Refused(f"TLS does not take the certificate ({reason(error)})") from None


def identify(context: ssl.SSLContext, chain: str, key: str) -> None:
    """Present the chain, with its key, to whoever asks; raise ssl.SSLError or Refused.

    `ssl` reads files only: an anonymous file in memory (memfd) is one, and goes when closed.
    """
    descriptor = os.memfd_create("identity", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(chain + key)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)


def reason(error: Exception) -> str:
    """Return OpenSSL's short reason in words, such as "ee key too small"."""
    name = getattr(error, "reason", None) or "not readable"
    return str(name).replace("_", " ").lower()


def _no_password() -> bytes:
    # Without a callback OpenSSL asks on the terminal, and waits.
    raise Refused(ENCRYPTED_KEY)

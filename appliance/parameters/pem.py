"""Owns the rules for certificates and keys: what the blocks hold, and whether TLS can use it.

Judged twice: by `cryptography`, which can say what is wrong, then by `ssl`, which has the last
word. Whether a certificate is valid today is not asked: the unit's clock may be wrong.
"""

import ssl
import warnings
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from appliance.parameters.accepted import Accepted
from appliance.parameters.chain import leaf_first
from appliance.parameters.pem_blocks import Block, read_blocks
from appliance.parameters.pem_labels import CERTIFICATES, PRIVATE_KEY
from appliance.parameters.public_key import is_rsa_or_ec, weakness
from appliance.parameters.refusal import Refused
from appliance.parameters.tls_material import ENCRYPTED_KEY, client_side, identify, reason, trust


def parse_trust_anchors(text: str) -> Accepted:
    """Accept one or more certificates to trust, in the order given; raise Refused."""
    certificates = _certificates(text)
    pem = _join(certificates)
    trust(client_side(), pem)
    return Accepted(pem)


def parse_client_chain(text: str) -> Accepted:
    """Accept the unit's certificate, or its chain in any order; stored leaf first."""
    certificates = _certificates(text)
    _check_signatures(certificates)
    chain = leaf_first(certificates)
    if not is_rsa_or_ec(chain[0].public_key()):
        raise Refused(
            "the unit's certificate is for a key that is neither RSA nor EC: use one of them"
        )
    _judge_chain(_join(chain))
    notes = () if chain == certificates else ("stored with the unit's own certificate first",)
    return Accepted(_join(chain), notes)


def parse_private_key(text: str) -> Accepted:
    """Accept one unencrypted RSA or EC key (PKCS#8, PKCS#1 or SEC1); raise Refused."""
    # OpenSSL writes the curve's parameters in a block of their own before an EC key.
    blocks = [block for block in read_blocks(text) if block.label != "EC PARAMETERS"]
    PRIVATE_KEY.check(blocks)
    if len(blocks) != 1:
        raise Refused(f"{len(blocks)} private keys: paste exactly one")
    key = _load_key(blocks[0])
    if fault := weakness(key.public_key()):
        raise Refused(fault)
    _judge_key(key, blocks[0].pem)
    return Accepted(blocks[0].pem)


def key_mismatch(chain: str, key: str) -> str | None:
    """Return why the key is not that of the chain's first certificate, or None where it is.

    Both as accepted above.
    """
    public = _load_key(read_blocks(key)[0]).public_key()
    certificates = _certificates(chain)
    if certificates[0].public_key() == public:
        return None
    if any(certificate.public_key() == public for certificate in certificates):
        return "is the key of an issuer in client-certificate: enter the unit's own key"
    return "does not belong to client-certificate: enter the key the certificate was made for"


def _certificates(text: str) -> list[x509.Certificate]:
    """Return the certificates in the text, each one usable under TLS 1.2; raise Refused."""
    blocks = read_blocks(text)
    CERTIFICATES.check(blocks)
    return [_load_certificate(block) for block in blocks]


def _load_certificate(block: Block) -> x509.Certificate:
    try:
        with warnings.catch_warnings():
            # Of private authorities' odd serial numbers, which TLS does not mind.
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(block.der)
        fault = weakness(certificate.public_key())
    except (ValueError, x509.InvalidVersion):
        raise Refused(
            f"block {block.number} does not hold a readable certificate: paste it again as a whole"
        ) from None
    except UnsupportedAlgorithm:
        fault = "a key of an unknown kind: use RSA or EC"
    if fault:
        raise Refused(f"the certificate in block {block.number} has {fault}")
    return certificate


def _check_signatures(certificates: list[x509.Certificate]) -> None:
    """Raise Refused for an outdated signature; nobody looks at a root's own."""
    for certificate in certificates:
        try:
            algorithm = certificate.signature_hash_algorithm
        except UnsupportedAlgorithm:
            continue  # `ssl` judges
        outdated = isinstance(algorithm, hashes.SHA1 | hashes.MD5)
        if algorithm and outdated and certificate.issuer != certificate.subject:
            raise Refused(
                f"a certificate is signed with {algorithm.name.upper()}, which TLS no longer "
                "takes: have it issued again with SHA-256"
            )


def _load_key(block: Block) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    if block.encrypted:
        raise Refused(ENCRYPTED_KEY)
    # Every refusal `from None`: the cause is about a secret.
    try:
        key = serialization.load_der_private_key(block.der, password=None)
    except TypeError:
        raise Refused(ENCRYPTED_KEY) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Refused("not a readable private key: paste an RSA or EC key as a whole") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Refused("neither an RSA nor an EC key: use one of them")
    return key


def _judge_chain(chain: str) -> None:
    """Let `ssl` take the chain with a key of no account; raise Refused for any fault but that."""
    try:
        identify(client_side(), chain, _pem(ec.generate_private_key(ec.SECP256R1())))
    except ssl.SSLError as error:
        # Said of a key of the same kind as the certificate's, and of another kind.
        if error.reason not in {"KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}:
            raise Refused(f"TLS does not take the certificate ({reason(error)})") from None


def _judge_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, pem: str) -> None:
    """Let `ssl` take the key with a self-signed certificate of no account; raise Refused."""
    nobody = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(nobody)
        .issuer_name(nobody)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    try:
        identify(client_side(), _join([certificate]), pem)
    except ssl.SSLError as error:
        # An RSA-PSS key is a kind of its own for `ssl`: it was read, and this certificate is none.
        if error.reason != "NO_CERTIFICATE_ASSIGNED":
            raise Refused(f"TLS does not take the private key ({reason(error)})") from None


def _join(certificates: list[x509.Certificate]) -> str:
    return "".join(
        certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        for certificate in certificates
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")

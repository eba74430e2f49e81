import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.parameters.pem_blocks import read_blocks
from appliance.parameters.pem_key import load_key
from appliance.parameters.pem_verdict import anchors_pem, chain_pem, key_pem
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import ec_key, issue, rsa_key
from tests.appliance.parameters.credentials import key_pem as pem_of
from tests.appliance.parameters.loading import load_in_ssl

ROOT = issue("root", authority=True)
UNIT = issue("unit", ROOT)


def test_what_ssl_takes_comes_back_as_clean_pem() -> None:
    """Anchors, chain and key come back in the order given, and load from a file too."""
    both = [UNIT.certificate, ROOT.certificate]
    assert anchors_pem(both) == chain_pem(both) == UNIT.pem + ROOT.pem
    load_in_ssl("broker-certificate", anchors_pem(both))
    load_in_ssl("client-certificate", chain_pem(both))
    load_in_ssl("client-private-key", key_pem(load_key(read_blocks(UNIT.key_pem)[0])))


@pytest.mark.parametrize("key", [rsa_key(1024), ec_key(ec.SECP256K1())], ids=["RSA", "EC"])
def test_a_weak_key_is_refused(key: ec.EllipticCurvePrivateKey) -> None:
    """Weakness is found before `ssl` is asked, which would take the curve."""
    with pytest.raises(Refused, match="use "):
        key_pem(load_key(read_blocks(pem_of(key))[0]))

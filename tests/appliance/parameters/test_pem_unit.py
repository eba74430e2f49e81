import pytest

from appliance.parameters.chain import Lineage
from appliance.parameters.pem_bundle import read_key
from appliance.parameters.pem_key import PrivateKey
from appliance.parameters.pem_unit import certificate_of, client_among_anchors, unit_of
from appliance.parameters.refusal import Refused
from tests.appliance.parameters.credentials import CLIENT, SERVER, Credential, issue

ROOT = issue("root", authority=True)
UNIT = issue("unit", ROOT)
OTHER = issue("other", ROOT)
CLIENT_ONLY = issue("client", ROOT, usages=(CLIENT,))
SERVER_ONLY = issue("server", ROOT, usages=(SERVER,))
SELFIE = issue("selfie", authority=True)


def lineage(*credentials: Credential) -> Lineage:
    """The certificates of these."""
    return Lineage(each.certificate for each in credentials)


def key_of(credential: Credential) -> PrivateKey:
    """The credential's key, as pasted."""
    return read_key(credential.key_pem)[0]


@pytest.mark.parametrize(
    ("certificates", "key", "unit"),
    [
        ((UNIT,), None, UNIT),
        ((ROOT, UNIT), None, UNIT),
        ((ROOT, UNIT), ROOT, UNIT),
        ((OTHER, ROOT, UNIT), UNIT, UNIT),
        ((SERVER_ONLY, UNIT), None, UNIT),
        ((SELFIE, UNIT), None, UNIT),
        ((SELFIE, UNIT), SELFIE, SELFIE),
        ((SELFIE,), None, SELFIE),
    ],
)
def test_the_units_own_is_told(
    certificates: tuple[Credential, ...], key: Credential | None, unit: Credential
) -> None:
    """It is the key's, or the only one that is no authority's and no server's."""
    found = unit_of(lineage(*certificates), key_of(key) if key else None)
    assert found == unit.certificate


@pytest.mark.parametrize(
    ("certificates", "key", "message"),
    [
        ((UNIT, OTHER), None, "2 certificates could be this unit's own"),
        ((UNIT, OTHER), ROOT, "2 certificates could be this unit's own"),
        ((SERVER_ONLY,), None, "this is the broker's own certificate, not yours"),
        ((SERVER_ONLY, SELFIE), None, "this is the broker's own certificate, not yours"),
        ((SERVER_ONLY,), SERVER_ONLY, "have it issued with both"),
        ((SELFIE, ROOT), None, "only certificates of authorities"),
    ],
)
def test_what_cannot_be_told_is_asked(
    certificates: tuple[Credential, ...], key: Credential | None, message: str
) -> None:
    """Where several could be the unit's own, or none, the refusal says so."""
    with pytest.raises(Refused, match=message):
        unit_of(lineage(*certificates), key_of(key) if key else None)


def test_two_certificates_of_one_key_are_too_many() -> None:
    """After a renewal only the technician knows which is to be used."""
    renewed = issue("unit", ROOT, key=UNIT.key)
    with pytest.raises(Refused, match="2 certificates for the same key: paste only the newest"):
        certificate_of(lineage(UNIT, renewed, ROOT), key_of(UNIT))
    signed = issue("selfie", key=SELFIE.key, authority=True)
    with pytest.raises(Refused, match="2 certificates for the same key: paste only the newest"):
        unit_of(lineage(SELFIE, signed), key_of(SELFIE))


@pytest.mark.parametrize(
    ("certificates", "key", "client"),
    [
        ((ROOT, UNIT), None, None),
        ((ROOT, UNIT), UNIT, UNIT),
        ((ROOT, CLIENT_ONLY), None, CLIENT_ONLY),
        ((ROOT, SERVER_ONLY), SERVER_ONLY, None),
        ((ROOT,), ROOT, None),
        ((CLIENT_ONLY, issue("second", ROOT, usages=(CLIENT,))), None, None),
    ],
)
def test_a_client_among_anchors_is_told(
    certificates: tuple[Credential, ...], key: Credential | None, client: Credential | None
) -> None:
    """Among what is to be trusted, only what has its key or says so is a client's."""
    found = client_among_anchors(lineage(*certificates), key_of(key) if key else None)
    assert found == (client.certificate if client else None)

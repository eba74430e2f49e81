import pytest
from hypothesis import settings

from tests.support.certificates import Authority, Identity

BROKER = "broker.localhost"

# No test depends on the machine's speed; pytest's timeout bounds them all.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that every broker of the tests is certified by."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def broker_identity(authority: Authority) -> Identity:
    """A certificate for broker.localhost."""
    return authority.server(BROKER)

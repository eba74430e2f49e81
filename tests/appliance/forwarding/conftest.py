from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.forwarding.cache import FrameCache
from tests.support.certificates import Identity
from tests.support.recording_broker import RecordingBroker


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[FrameCache]:
    """An empty cache."""
    cache = FrameCache(tmp_path / "cache.sqlite3", 100_000, 100_000_000)
    await cache.open()
    yield cache
    await cache.close()


@pytest.fixture
async def broker(broker_identity: Identity) -> AsyncIterator[RecordingBroker]:
    """A broker that behaves until told otherwise."""
    async with RecordingBroker(broker_identity) as broker:
        yield broker

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.soak import soak

MINUTES = float(os.environ.get("SOAK_MINUTES", "3"))


@pytest.mark.slow
@pytest.mark.timeout(60 * MINUTES + 300)
async def test_everything_at_once(
    quick_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The soak for some minutes: nothing lost, the ledger adds up, memory flat; see soak.py."""
    record_property("soak", await soak(quick_path, MINUTES, 11, print))

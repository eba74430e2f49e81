import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.disk_wear import SITUATIONS, Situation, bytes_a_frame, written_bytes


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_a_frame_wears_the_disk_no_more_than_promised(
    tmp_path: Path, record_property: Callable[[str, object], None], situation: Situation
) -> None:
    """Counted by the kernel, bookkeeping included: bytes, so no matter how fast the machine is."""
    before = written_bytes()
    with (tmp_path / "probe").open("wb") as probe:
        probe.write(bytes(65_536))
        probe.flush()
        os.fsync(probe.fileno())
    if written_bytes() == before:
        pytest.skip(f"{tmp_path} is not on a disk: the kernel counts nothing there")
    figure = await bytes_a_frame(situation, tmp_path)
    record_property("disk wear", f"{situation.name}: {figure:.0f} B a frame")
    assert 0 < figure < situation.bound

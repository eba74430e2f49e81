"""A power cut while a technician saves and activates: the old configuration or the new, whole."""

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.parameters.store import ParameterStore
from tests.support.concentrator_process import UnitProcess
from tests.support.power_cut.disk import Disk, files_of, restore
from tests.support.power_cut.shim import Operation, Shim

CUTS = 50
ROUNDS = 12  # of saving everything anew and activating it
TEXT = 2000  # bytes of a value: more than one sector, so that a file can be torn
ALIKE = ("event-topic", "data-topic", "status-topic")  # set to the same in one go

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Recording:
    """What a unit's disk was and what was done to it; when the n-th save and activation was done.

    Before the first one, at the place 0, both are as from the factory.
    """

    disk: Disk
    operations: list[Operation]
    saved: list[float]
    activated: list[float]


@pytest.mark.parametrize("synced", [True, False])
async def test_old_or_new_and_whole(
    tmp_path: Path, record_property: Callable[[str, object], None], *, synced: bool
) -> None:
    """What was answered is kept, what was not is there or not; without fsync this test goes red."""
    recording = await record(tmp_path, synced=synced)
    faults = [fault for fault in cut_at_random(recording, tmp_path) if fault]
    if synced:
        assert faults == []
    else:
        assert faults, "saved without fsync, and the rig did not notice"
    record_property(
        f"power cuts while saving{'' if synced else ' without fsync'}",
        f"{CUTS} cuts in {len(recording.operations)} operations, {len(faults)} found old or torn",
    )


async def record(directory: Path, *, synced: bool) -> Recording:
    """Everything saved and activated, over and over, by the commands over SSH."""
    state = directory / "state"
    state.mkdir(mode=0o700)
    disk, shim = Disk(state), Shim(state, directory)
    unsynced = None if synced else {"os.fsync": None}
    saved, activated = [0.0], [0.0]
    with UnitProcess(
        directory, directory / "no modem", environment=shim.environment, weakened=unsynced
    ) as unit:
        await unit.command("set broker-url ssl://broker.localhost:1")
        for number in range(1, ROUNDS + 1):
            lines = [f'{key} = "{text(number)}"\n' for key in ALIKE]
            await unit.command("import", "".join(lines).encode())
            saved.append(time.monotonic())
            await unit.command("activate --no-check")
            activated.append(time.monotonic())
        assert unit.stop() == 0
    return Recording(disk, list(shim.operations()), saved, activated)


def text(number: int) -> str:
    """A value that no torn file can be mistaken for."""
    return f"{number}/" + "x" * TEXT if number else ""


def cut_at_random(recording: Recording, tmp_path: Path) -> list[str | None]:
    """What is wrong after each of fifty cuts between the first answer and the last."""
    chance = random.Random(tmp_path.name)
    begin, end = recording.saved[1], recording.activated[-1]
    times = [each.at for each in recording.operations if begin < each.at < end]
    moments = sorted(chance.choice(times) for _ in range(CUTS))
    faults: list[str | None] = []
    for operation in recording.operations:
        while moments and moments[0] < operation.at:
            restore(recording.disk.after_a_cut(chance), tmp_path / "cut")
            faults.append(fault(recording, moments.pop(0), tmp_path / "cut"))
            shutil.rmtree(tmp_path / "cut")
        recording.disk.do(operation)
    assert recording.disk.now() == files_of(tmp_path / "state")
    return faults


def fault(recording: Recording, moment: float, directory: Path) -> str | None:
    """What is wrong with the configuration after a cut at this moment; None if nothing is."""
    store = ParameterStore(directory)
    store.load()
    if damaged := list(directory.glob("*.damaged")):
        return f"{damaged[0].name} is damaged"
    active = store.active.values if store.active else {}
    for what, values, done in (
        ("saved", store.saved, recording.saved),
        ("active", active, recording.activated),
    ):
        number = sum(at <= moment for at in done) - 1  # the last one that was answered
        found = [values[key] if values else "" for key in ALIKE]
        if found not in [[text(each)] * len(ALIKE) for each in (number, number + 1)]:
            return f"{what} after {number}: {[each[:5] for each in found]}"
    return None

import asyncio
import logging
from pathlib import Path

import pytest

from appliance.parameters.refusal import Changed
from appliance.parameters.store import ParameterStore, StoreError
from appliance.saving import Saving

ONE, OTHER = "tech from 192.0.2.1", "tech from 192.0.2.2"


@pytest.fixture
def store(tmp_path: Path) -> ParameterStore:
    """What a new unit has saved: nothing."""
    found = ParameterStore(tmp_path)
    found.load()
    return found


async def test_a_value_changed_meanwhile_is_not_overwritten(store: ParameterStore) -> None:
    """One of two technicians is told who was faster; the same value is no conflict."""
    saving = Saving(store)
    await saving.save({"data-topic": "first"}, ONE, {})
    await saving.save({"data-topic": "second"}, OTHER, {"data-topic": "first"})
    for text in ("third", ""):
        with pytest.raises(Changed, match=rf"data-topic: changed meanwhile by {OTHER}"):
            await saving.save({"data-topic": text}, ONE, {"data-topic": "first"})
    await saving.save({"data-topic": "second"}, ONE, {"data-topic": "first"})
    assert store.saved["data-topic"] == "second"


async def test_changes_at_the_same_time_are_made_one_after_the_other(
    store: ParameterStore,
) -> None:
    """None takes back what another saved while the disk was busy."""
    saving = Saving(store)
    texts = {f"{kind}-topic": f"of the {kind}" for kind in ("event", "data", "status")}
    await asyncio.gather(*(saving.save({key: text}, ONE, {}) for key, text in texts.items()))
    assert {key: store.saved[key] for key in texts} == texts


async def test_what_the_disk_refuses_changes_nothing(store: ParameterStore, tmp_path: Path) -> None:
    """Neither the values nor who is named as the last to have saved one."""
    saving = Saving(store)
    await saving.save({"data-topic": "first"}, ONE, {})
    tmp_path.rename(tmp_path.with_name("gone"))
    with pytest.raises(StoreError):
        await saving.save({"data-topic": "second", "event-topic": "events"}, OTHER, {})
    assert (store.saved["data-topic"], store.saved["event-topic"]) == ("first", "")
    with pytest.raises(Changed, match=ONE):
        await saving.save({"data-topic": "third"}, OTHER, {"data-topic": "none"})


async def test_the_log_says_what_was_done_and_by_whom(
    store: ParameterStore, caplog: pytest.LogCaptureFixture
) -> None:
    """By key, never by value; nothing of a value that was the same already."""
    saving = Saving(store)
    with caplog.at_level(logging.INFO):
        await saving.save({"data-topic": "t", "client-id": "c"}, ONE, {})
        await saving.save({"data-topic": "", "client-id": "c", "event-topic": "e"}, OTHER, {})
    assert [record.message for record in caplog.records] == [
        f"data-topic, client-id saved by {ONE}",
        f"event-topic saved by {OTHER}",
        f"data-topic cleared by {OTHER}",
    ]

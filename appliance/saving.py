"""Owns changes of the saved values: one at a time, and none of a value that changed meanwhile."""

import asyncio
import logging
from collections.abc import Mapping

from appliance.parameters.refusal import Changed
from appliance.parameters.store import ParameterStore

log = logging.getLogger(__name__)


class Saving:
    """The changes of what `store` has saved."""

    def __init__(self, store: ParameterStore) -> None:
        self._store = store
        self._lock = asyncio.Lock()
        self._saved_by: dict[str, str] = {}  # who saved a parameter last, since the start

    async def save(
        self, texts: Mapping[str, str], by: str, expected: Mapping[str, str | None]
    ) -> None:
        """Stores accepted values by key, all or nothing; "" empties one.

        `expected` are the saved values that `by` started from, None where that is not known.
        Raises Changed where somebody else has saved another meanwhile, and StoreError.
        """
        async with self._lock:
            values = self._store.saved
            for key, before in expected.items():
                if before is not None and values[key] not in (before, texts[key]):
                    somebody = self._saved_by.get(key, "somebody")
                    raise Changed(f"changed meanwhile by {somebody}", key)
            changed = {key: text for key, text in texts.items() if text != values[key]}
            for key, text in changed.items():
                values = values.changed(key, text)
            await asyncio.to_thread(self._store.save, values)
            self._saved_by |= dict.fromkeys(changed, by)
        saved = [key for key, text in changed.items() if text]
        cleared = [key for key, text in changed.items() if not text]
        for keys, done in ((saved, "saved"), (cleared, "cleared")):
            if keys:
                log.info("%s %s by %s", ", ".join(keys), done, by)

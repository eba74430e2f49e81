import math
from typing import Any

import pytest

from tests.support.frames import cached_frame


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"received_at": None},
        {"received_at": math.inf},
        {"received_at": 1e300},
        {"priority": 2},
        {"rssi": "x"},
        {"corrected_bits": 1.5},
        {"mbal": "text"},
        {"mbal": b""},
        {"mbal": bytes(1025)},
    ],
)
def test_what_cannot_be_a_frame_is_told(wrong: dict[str, Any]) -> None:
    """Each value by itself; the frame is sound without it."""
    frame = cached_frame(1)._replace(received_at=1.0)
    assert frame.is_sound()
    assert frame._replace(mbal=bytes(1024)).is_sound()
    assert not frame._replace(**wrong).is_sound()

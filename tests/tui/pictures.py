"""A healthy unit to show, and what is asked of any picture."""

from datetime import UTC, datetime

import urwid

from appliance.status import (
    BrokerStatus,
    CacheStatus,
    ConfigurationStatus,
    RadioStatus,
    Status,
    UnitStatus,
)

STATUS = Status(
    UnitStatus("KAM73471100", "0.1.0", 12),
    RadioStatus("receiving", 10, 1, 0, datetime(2026, 1, 1, tzinfo=UTC), -87, None),
    CacheStatus(1234, 0, 0, 0, 4096),
    BrokerStatus("connected", "ssl://broker.localhost:8883", 1, 10, 10, None, None, None),
    ConfigurationStatus(None, ()),
)


def looks(canvas: urwid.Canvas) -> set[object]:
    """Return the palette's names in a picture, those that lie over each other too."""
    found: set[object] = set()
    for row in canvas.content():
        for look, _, _ in row:
            found |= set(look.layers) if isinstance(look, urwid.LayeredAttr) else {look}
    return found - {None}

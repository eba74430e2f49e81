"""How long to wait before the next attempt at the broker (guide, "Lost MQTT connection").

The guide calls its rule exponential and prints 2*n; both readings are offered, the printed one is
the default. The random part keeps a fleet from returning all at once after a broker's outage.
"""

from typing import Literal

BackoffRule = Literal["linear", "exponential"]

LAST_STEP = 6  # n is held here: 12 s or 64 s
JITTER_MS = 1000  # the random part is 0 to 999 ms


def retry_delay(rule: BackoffRule, retry: int, jitter_ms: int) -> float:
    """Seconds to wait before `retry`, counted from 0 since the last success."""
    n = min(retry, LAST_STEP)
    return (2 * n if rule == "linear" else 2**n) + jitter_ms / 1000

"""The waits of a forwarder, made short, for tests of what it does in between."""

import pytest

from appliance.forwarding import broker_session, conversation
from appliance.forwarding import forwarder as forwarder_module
from appliance.forwarding.backoff import BackoffRule, retry_delay


def hurry(
    monkeypatch: pytest.MonkeyPatch,
    speed: float = 200,
    patience_s: float = 0.2,
    silence_s: float = 0.05,
) -> list[tuple[int, float]]:
    """Makes the backoff `speed` times as fast, and the patience with a silent broker short.

    Gives the list of the retries that the backoff is asked for, with the delays it asks for.
    """
    asked: list[tuple[int, float]] = []

    def delay(rule: BackoffRule, retry: int, jitter_ms: int) -> float:
        asked.append((retry, retry_delay(rule, retry, jitter_ms)))
        return asked[-1][1] / speed

    monkeypatch.setattr(forwarder_module, "retry_delay", delay)
    be_patient(monkeypatch, patience_s)
    monkeypatch.setattr(broker_session, "TICK_S", 0.05)
    monkeypatch.setattr(conversation, "SILENCE_S", silence_s)
    return asked


def be_patient(monkeypatch: pytest.MonkeyPatch, patience_s: float) -> None:
    """Sets how long a forwarder waits for a broker that owes it an answer."""
    for name in ("ACK_TIMEOUT_S", "LINK_TIMEOUT_S", "CONNACK_TIMEOUT_S"):
        monkeypatch.setattr(broker_session, name, patience_s)

"""What a decoder makes of bytes that come in pieces, with the silences a session would notice."""

from collections.abc import Iterable

from tui.keys import Key, KeyDecoder, Mouse, Paste

Presses = list[Key | Paste | Mouse]


def cut(data: bytes, size: int) -> list[bytes]:
    """Split into reads of that size."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def listen(decoder: KeyDecoder, reads: Iterable[tuple[bytes, float]]) -> Presses:
    """Feed reads, each followed by so many seconds of silence, and a long silence at the end."""
    presses: Presses = []
    now = 100.0
    for data, gap in reads:
        presses += decoder.feed(data, now)
        presses += _silence(decoder, now, gap)
        now += gap
    return presses + _silence(decoder, now, 3600.0)


def _silence(decoder: KeyDecoder, now: float, gap: float) -> Presses:
    """Call `timeout` as a session does: once, when the silence has lasted as long as asked for."""
    if decoder.wait is None or decoder.wait > gap:
        return []
    return decoder.timeout(now + decoder.wait)


def decode(*chunks: bytes, gap: float = 1.0) -> Presses:
    """Return what chunks `gap` seconds apart are."""
    decoder = KeyDecoder()
    presses = listen(decoder, [(chunk, gap) for chunk in chunks])
    assert decoder.wait is None
    return presses


def as_text(presses: Presses) -> str:
    """Return what a field for several lines would hold, if nothing but text came."""
    return "".join(
        press.text if isinstance(press, Paste) else {"enter": "\n"}.get(press.name, press.name)
        for press in presses
        if not isinstance(press, Mouse)
    )

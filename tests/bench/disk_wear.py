"""What the frame cache writes to disk for a frame, by the kernel's count of written bytes.

Run by `make bench`, in a directory on a real disk (the first argument, else the working
directory): a file system in memory counts nothing. Prints one line a situation, with its bound.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.forwarding.cache import FrameCache
from tests.support.frames import radio_frame

FRAME_BYTES = 60  # of MBAL frame: what a meter sends


@dataclass(frozen=True)
class Situation:
    """`frames` at `rate` a second; `answer_s` until the broker's PUBACK, None in an outage."""

    name: str
    rate: float
    frames: int
    answer_s: float | None
    bound: int  # bytes a frame


SITUATIONS = (
    Situation("5 frames/s, prompt broker", 5, 300, 0.03, 500),
    Situation("5 frames/s, broker takes 300 ms", 5, 150, 0.3, 8000),
    Situation("5 frames/s, outage", 5, 150, None, 8000),
    Situation("200 frames/s, outage", 200, 6000, None, 1000),
)


def written_bytes() -> int:
    """What this process has made the kernel write to disks so far."""
    for line in Path("/proc/self/io").read_text("ascii").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise AssertionError("the kernel does not count written bytes")


@asynccontextmanager
async def cache_in(directory: Path) -> AsyncIterator[FrameCache]:
    """An empty cache, closed at the end."""
    cache = FrameCache(directory / "cache.sqlite3", 1_000_000, 1_000_000_000)
    await cache.open()
    yield cache
    await cache.close()


async def bytes_a_frame(situation: Situation, directory: Path) -> float:
    """Bytes written for a frame, all bookkeeping included but for opening the file."""
    loop = asyncio.get_running_loop()
    async with cache_in(directory) as cache:
        await asyncio.sleep(0.5)
        before, began, cursor = written_bytes(), loop.time(), 0
        for number in range(situation.frames):
            await asyncio.sleep(began + number / situation.rate - loop.time())
            cache.append(radio_frame(number, size=FRAME_BYTES), 1_800_000_000, priority=False)
            if situation.answer_s is not None:
                sent = await cache.read(cursor, 500)
                cursor = sent[-1].id
                loop.call_later(situation.answer_s, cache.forget, sent)
        await asyncio.sleep(1.5)
        return (written_bytes() - before) / situation.frames


def main() -> None:
    """Measures every situation, one after the other."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    for situation in SITUATIONS:
        with tempfile.TemporaryDirectory(dir=where) as directory:
            figure = asyncio.run(bytes_a_frame(situation, Path(directory)))
        verdict = "within" if figure < situation.bound else "OVER"
        sys.stdout.write(
            f"{situation.name:34} {figure:7.0f} B/frame, {verdict} {situation.bound}\n"
        )


if __name__ == "__main__":
    main()

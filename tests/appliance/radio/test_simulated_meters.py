from itertools import islice

import pytest

from appliance.radio.modem_protocol import Decoder, ReceivedFrame, encode_frame
from appliance.radio.simulated_meters import frames

MANY = list(islice(frames(1, 0.25), 2000))


def test_the_same_seed_gives_the_same_frames() -> None:
    """Frames can be foretold by a test, and differ from seed to seed."""
    assert list(islice(frames(1, 0.25), 2000)) == MANY
    assert list(islice(frames(2, 0.25), 2000)) != MANY


def test_frames_look_like_meters() -> None:
    """20 to 200 bytes of M-Bus application data with a short header, each different."""
    assert all(20 <= len(frame.mbal) <= 200 for frame in MANY)
    assert all(frame.mbal[0] == 0x7A for frame in MANY)
    assert len({frame.mbal for frame in MANY}) == len(MANY)
    assert len({frame.mbal[7:11] for frame in MANY}) == 12


def test_each_meter_counts_on() -> None:
    """A meter's access number goes up by one and its volume never down."""
    by_meter: dict[bytes, list[bytes]] = {}
    for frame in MANY:
        by_meter.setdefault(frame.mbal[7:11], []).append(frame.mbal)
    for sent in by_meter.values():
        access = [mbal[1] for mbal in sent]
        volume = [int.from_bytes(mbal[13:17], "little") for mbal in sent]
        assert access == [(access[0] + n) % 256 for n in range(len(sent))]
        assert volume == sorted(volume)


def test_weak_frames_have_more_corrected_bits() -> None:
    """Most frames need no correction; weak ones do more often."""
    weak = [frame.corrected_bits > 0 for frame in MANY if frame.rssi < -108]
    strong = [frame.corrected_bits > 0 for frame in MANY if frame.rssi > -100]
    assert sum(strong) / len(strong) < 0.1 < sum(weak) / len(weak)
    assert all(-130 < frame.rssi < 0 for frame in MANY)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_of_priority_frames_is_as_asked(share: float) -> None:
    """None, about that share, or all."""
    sent = list(islice(frames(3, share), 2000))
    found = sum(frame.is_priority(0x80) for frame in sent) / len(sent)
    assert found == pytest.approx(share, abs=0 if share in (0, 1) else 0.05)


def test_every_frame_fits_a_record() -> None:
    """What is simulated can be sent."""
    line = b"".join(encode_frame(frame) for frame in MANY)
    assert Decoder().feed(line) == [ReceivedFrame(frame) for frame in MANY]

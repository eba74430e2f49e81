import json
from base64 import b64decode
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.payload import encode, messages
from tests.support.frames import cached_frame, numbers

FRAMES = st.lists(
    st.builds(
        cached_frame,
        st.integers(0, 2**32 - 1),
        priority=st.booleans(),
        size=st.integers(4, 1024),
    ),
    max_size=60,
)


def test_one_frame_is_encoded_to_the_letter() -> None:
    """The example of the interface, byte for byte."""
    frame = CachedFrame(1, 1636840441.9, True, -87, 3, b"\x7a\x7e\x01")
    (message,) = messages([frame], "event", "data", 61_440)
    assert message.topic == "event"
    assert message.payload == (
        b'{"version":1,"frames":[{"frametype":"OpenlinkIQ","timestamp":"2021-11-13T21:54:01Z",'
        b'"frame":"en4B","meta":{"rssi":-87,"noofcorrectedbits":3}}]}'
    )


def test_priority_frames_go_first() -> None:
    """Within an iteration the priority topic's message comes before the other one."""
    iteration = [cached_frame(n, priority=n % 3 == 0) for n in range(1, 10)]
    event, data = messages(iteration, "event", "data", 61_440)
    assert (event.topic, numbers([event.payload])) == ("event", [3, 6, 9])
    assert (data.topic, numbers([data.payload])) == ("data", [1, 2, 4, 5, 7, 8])


def test_one_topic_for_both_takes_one_message() -> None:
    """Without an event topic the priority frames lead the data topic's message."""
    iteration = [cached_frame(n, priority=n == 4) for n in range(1, 6)]
    (message,) = messages(iteration, "data", "data", 61_440)
    assert numbers([message.payload]) == [4, 1, 2, 3, 5]


def test_a_full_iteration_is_split_below_the_limit_and_no_further() -> None:
    """A message is closed only where the next frame would not fit in."""
    frames = [cached_frame(n, size=100) for n in range(500)]
    sent = list(messages(frames, "event", "data", 61_440))
    assert all(len(message.payload) <= 61_440 for message in sent)
    for message, following in pairwise(sent):
        assert len(message.payload) + 1 + len(encode(following.frames[0])) > 61_440


def test_a_frame_above_the_limit_goes_alone() -> None:
    """A limit below one frame cannot hold it back for ever."""
    frames = [cached_frame(1), cached_frame(2, size=1024), cached_frame(3)]
    sent = list(messages(frames, "event", "data", 400))
    assert [numbers([message.payload]) for message in sent] == [[1], [2], [3]]


@given(FRAMES, st.integers(256, 20_000))
def test_every_frame_is_in_exactly_one_valid_message(
    frames: list[CachedFrame], max_payload: int
) -> None:
    """Nothing is lost, doubled, out of order, too large or other than specified."""
    sent = list(messages(frames, "event", "data", max_payload))
    for topic, priority in (("event", True), ("data", False)):
        share = [message for message in sent if message.topic == topic]
        expected = [frame for frame in frames if frame.priority == priority]
        assert [frame for message in share for frame in message.frames] == expected
        for message in share:
            assert len(message.payload) <= max_payload or len(message.frames) == 1
            document = json.loads(message.payload)
            assert list(document) == ["version", "frames"]
            assert [b64decode(each["frame"], validate=True) for each in document["frames"]] == [
                frame.mbal for frame in message.frames
            ]

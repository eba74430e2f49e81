import json
from typing import Any

import pytest

from appliance.published_frame import PublishedFrame, parse_payload

EXAMPLE = (
    b'{"version":1,"frames":[{"frametype":"OpenlinkIQ","timestamp":"2021-11-13T21:54:01Z",'
    b'"frame":"en4B","meta":{"rssi":-87,"noofcorrectedbits":3}}]}'
)


def altered(*path: str | int, to: Any) -> bytes:
    """The example with one member changed; the key order stays."""
    document = json.loads(EXAMPLE)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(document).encode()


def test_the_printed_example_is_read() -> None:
    """The payload of the interface description gives its one frame."""
    frame = PublishedFrame("2021-11-13T21:54:01Z", b"\x7a\x7e\x01", -87, 3)
    assert parse_payload(EXAMPLE) == [frame]


def test_white_space_is_no_fault() -> None:
    """A payload may be laid out over lines."""
    assert parse_payload(json.dumps(json.loads(EXAMPLE), indent=2).encode())


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"", "payload: not JSON"),
        (b"\xff", "payload: not JSON in UTF-8"),
        (b"\xef\xbb\xbf" + EXAMPLE, "payload: not JSON"),
        (EXAMPLE.decode().encode("utf-16"), "payload: not JSON in UTF-8"),
        (EXAMPLE + b"x", "payload: not JSON"),
        (EXAMPLE.replace(b"-87", b"NaN"), "NaN is not JSON"),
        (EXAMPLE.replace(b"-87", b"-87.0"), r"frames\[0\].meta.rssi: an integer"),
        (EXAMPLE.replace(b"-87", b"1" * 5_000), "payload: not JSON"),
        (b"[" * 100_000, "payload: not JSON"),
        (b"[1]", "payload: an object"),
        (EXAMPLE.replace(b'"version":1,', b""), "payload: the keys are"),
        (EXAMPLE.replace(b'"version":1,', b'"version":1,"version":1,'), "payload: the keys are"),
        (EXAMPLE[:-1] + b',"more":1}', "payload: the keys are"),
        (
            EXAMPLE.replace(b'"rssi":-87,"noofcorrectedbits":3', b'"noofcorrectedbits":3,"rssi":1'),
            r"frames\[0\].meta: the keys are",
        ),
        (altered("version", to=2), "version: 1 is needed, not 2"),
        (altered("version", to=True), "version: an integer"),
        (altered("version", to="1"), "version: an integer"),
        (altered("frames", to={}), "frames: a list"),
        (altered("frames", 0, to=[]), r"frames\[0\]: an object"),
        (altered("frames", 0, "frametype", to="wM-Bus"), r'frames\[0\].frametype: "OpenlinkIQ"'),
        (altered("frames", 0, "meta", to=None), r"frames\[0\].meta: an object"),
        (altered("frames", 0, "meta", "rssi", to=True), r"frames\[0\].meta.rssi: an integer"),
        (altered("frames", 0, "meta", "rssi", to="-87"), r"frames\[0\].meta.rssi: an integer"),
        (
            altered("frames", 0, "meta", "noofcorrectedbits", to=-1),
            r"frames\[0\].meta.noofcorrectedbits: -1",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(payload: bytes, complaint: str) -> None:
    """Whatever is not as described is refused, in one line that says where."""
    with pytest.raises(ValueError, match=complaint) as refusal:
        parse_payload(payload)
    assert len(str(refusal.value).splitlines()) == 1
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    "timestamp",
    [
        "2021-11-13T21:54:01+00:00",
        "2021-11-13T21:54:01.000Z",
        "2021-11-13 21:54:01Z",
        "2021-11-13T21:54:01Z\n",
        "2021-02-29T21:54:01Z",
        "2021-11-13T24:00:00Z",
        "2021-11-13T23:59:60Z",
        "٢٠٢١-11-13T21:54:01Z",
        1_636_840_441,
    ],
)
def test_another_time_format_is_refused(timestamp: object) -> None:
    """Only UTC in whole seconds, an existing moment, in ASCII digits."""
    with pytest.raises(ValueError, match=r"^frames\[0\].timestamp: "):
        parse_payload(altered("frames", 0, "timestamp", to=timestamp))


@pytest.mark.parametrize(
    "frame", ["", "en4", "en4B\n", "en_-", "eh==", "en4B====", "en 4B", "é", None, 7]
)
def test_another_base64_is_refused(frame: object) -> None:
    """Only standard Base64 with its padding, without a stray bit, and not empty."""
    with pytest.raises(ValueError, match=r"^frames\[0\].frame: "):
        parse_payload(altered("frames", 0, "frame", to=frame))


def test_the_faulty_frame_is_counted_from_zero() -> None:
    """In a batch the index names the frame that is wrong."""
    document = json.loads(EXAMPLE)
    frames = [json.loads(EXAMPLE)["frames"][0] for _ in range(5)]
    frames[3]["meta"]["rssi"] = None
    document["frames"] = frames
    with pytest.raises(ValueError, match=r"^frames\[3\]\.meta\.rssi: "):
        parse_payload(json.dumps(document).encode())

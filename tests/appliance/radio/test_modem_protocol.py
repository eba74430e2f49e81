from binascii import crc_hqx
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.radio.frame import RadioFrame
from appliance.radio.modem_protocol import (
    Decoder,
    ModemInformation,
    ReceivedFrame,
    Record,
    RejectedRecord,
    UnknownRecord,
    encode_frame,
    encode_information,
)

EXAMPLE = bytes.fromhex("7E 01 80 FF A9 00 03 7A 7D 5E 01 BD 09 7E")
EXAMPLE_FRAME = RadioFrame(control=0x80, rssi=-87, corrected_bits=3, mbal=b"\x7a\x7e\x01")
GOOD = ReceivedFrame(EXAMPLE_FRAME)

frames = st.builds(
    RadioFrame,
    control=st.integers(0, 0xFF),
    rssi=st.integers(-0x8000, 0x7FFF),
    corrected_bits=st.integers(0, 0xFFFF),
    mbal=st.one_of(
        st.binary(min_size=1, max_size=1024),
        st.lists(st.sampled_from(b"\x7e\x7d\x5e\x5d\x20"), min_size=1).map(bytes),
    ),
)
# What a line may carry besides records, rich in the bytes that matter to the framing.
noise = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from(b"\x7e\x7d\x5e\x01\x02\x00"), max_size=40).map(bytes),
)


def record(content: bytes) -> bytes:
    """Any content as an intact record, flag to flag, every byte of it escaped."""
    whole = content + crc_hqx(content, 0xFFFF).to_bytes(2, "big")
    return b"\x7e" + b"".join(bytes([0x7D, byte ^ 0x20]) for byte in whole) + b"\x7e"


def decode(data: bytes) -> list[Record]:
    """The records in `data`, fed at once."""
    return Decoder().feed(data)


def chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` in pieces, cut at the given places as far as they exist."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def test_the_crc_is_crc_16_ibm_3740() -> None:
    """The check value of the interface description holds."""
    assert crc_hqx(b"123456789", 0xFFFF) == 0x29B1


def test_the_worked_example_is_encoded_byte_for_byte() -> None:
    """The frame of the interface description has exactly the bytes printed there."""
    assert encode_frame(EXAMPLE_FRAME) == EXAMPLE


def test_the_worked_example_is_decoded() -> None:
    """The bytes of the interface description are exactly the frame printed there."""
    assert decode(EXAMPLE) == [GOOD]


@given(st.lists(st.tuples(noise, frames)), st.lists(st.integers(min_value=0)))
def test_every_good_frame_is_found_whatever_surrounds_and_cuts_it(
    line: list[tuple[bytes, RadioFrame]], cuts: list[int]
) -> None:
    """Noise between records and any chunking cost no frame and alter none."""
    data = b"".join(burst + encode_frame(frame) for burst, frame in line)
    decoder = Decoder()
    records = [record for chunk in chunked(data, cuts) for record in decoder.feed(chunk)]
    found = [record.frame for record in records if isinstance(record, ReceivedFrame)]
    assert found == [frame for _, frame in line]


@given(st.lists(st.one_of(noise, frames.map(encode_frame))), st.lists(st.integers(min_value=0)))
def test_chunks_make_no_difference(parts: list[bytes], cuts: list[int]) -> None:
    """Any bytes give the same records in one piece and in any pieces."""
    data = b"".join(parts)
    decoder = Decoder()
    pieces = [record for chunk in chunked(data, cuts) for record in decoder.feed(chunk)]
    assert pieces == decode(data)


@given(st.text(max_size=63))
def test_modem_information_survives_the_line(text: str) -> None:
    """Any text of up to 255 bytes comes out as it went in."""
    assert decode(encode_information(text)) == [ModemInformation(text)]


def test_information_that_is_not_utf_8_is_shown_as_far_as_it_can_be() -> None:
    """An odd byte is replaced; the record is not lost."""
    assert decode(record(b"\x02Modem \xff 1")) == [ModemInformation("Modem � 1")]


def test_any_escaped_byte_is_accepted() -> None:
    """A sender may escape bytes that need none."""
    assert decode(record(bytes.fromhex("0180FFA900037A7E01"))) == [GOOD]


def test_an_escaped_escape_is_a_byte_like_any_other() -> None:
    """0x7D 0x7D means 0x5D, and what follows is not escaped."""
    frame = RadioFrame(0, -50, 0, b"\x5d\x5e")
    wire = encode_frame(frame).replace(b"\x5d\x5e", b"\x7d\x7d\x5e")
    assert decode(wire) == [ReceivedFrame(frame)]


def test_one_flag_ends_a_record_and_begins_the_next() -> None:
    """Records may share the flag between them."""
    assert decode(EXAMPLE + EXAMPLE[1:]) == [GOOD, GOOD]


def test_empty_records_are_ignored() -> None:
    """Flags in a row, as idle senders send them, count as nothing."""
    assert decode(b"\x7e" * 100 + EXAMPLE + b"\x7e" * 100) == [GOOD]


def test_bytes_before_the_first_flag_are_no_record() -> None:
    """A port opened in the middle of a record rejects nothing."""
    decoder = Decoder()
    assert decoder.feed(EXAMPLE[4:-1]) == []
    assert decoder.feed(EXAMPLE) == [GOOD]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\x7e\x01", "short"),
        (record(b""), "short"),
        (record(b"\x01\x80\xff\xa9\x00\x03"), "short"),
        (record(bytes(6))[:-1].replace(b"\x7d\x20", b"\x7d\x21", 1), "bad CRC"),
        (EXAMPLE[:-2], "bad CRC"),
        (EXAMPLE[:-1] + b"\x7d", "aborted"),
        (b"\x7e\x7d", "aborted"),
        (record(b"\x01\x80\xff\xa9\x00\x03" + bytes(1025)), "oversize"),
        (record(b"\x02" + b"a" * 256), "oversize"),
        (record(b"\x33" + bytes(4094)), "oversize"),
        (b"\x7e" + b"\x55" * 4097, "oversize"),
        (b"\x7e" + b"\x55" * 100_000 + b"\x7d", "oversize"),
    ],
)
def test_a_bad_record_is_rejected_and_costs_nothing_else(bad: bytes, reason: str) -> None:
    """The reason is told, and the records on either side are found, whatever the chunks."""
    line = EXAMPLE + bad + EXAMPLE
    decoder = Decoder()
    by_byte = [record for byte in line for record in decoder.feed(bytes([byte]))]
    assert decode(line) == by_byte == [GOOD, RejectedRecord(reason), GOOD]


@pytest.mark.parametrize("size", [0, 1, 4093])
def test_an_intact_record_of_another_type_is_unknown(size: int) -> None:
    """Types of later modems are told apart from damage."""
    assert decode(record(b"\x33" + bytes(size))) == [UnknownRecord(0x33)]


def test_the_longest_frame_fits_even_if_every_byte_is_escaped() -> None:
    """1,024 bytes of MBAL is the limit before escaping."""
    frame = RadioFrame(0x80, -87, 3, b"\x7e" * 1024)
    assert decode(encode_frame(frame)) == [ReceivedFrame(frame)]
    assert decode(record(b"\x01\x80\xff\xa9\x00\x03" + frame.mbal)) == [ReceivedFrame(frame)]


def test_endless_noise_is_not_held() -> None:
    """Between two flags no more is kept than the longest record could need."""
    decoder = Decoder()
    decoder.feed(b"\x7e")
    for _ in range(100):
        decoder.feed(b"\x55" * 10_000)
    assert len(decoder._begun) < 10_000


@pytest.mark.parametrize("mbal", [b"", bytes(1025)])
def test_a_frame_that_fits_no_record_is_not_encoded(mbal: bytes) -> None:
    """The encoder says what the limits are."""
    with pytest.raises(ValueError, match=r"1 to 1024 bytes"):
        encode_frame(RadioFrame(0, 0, 0, mbal))


def test_information_that_fits_no_record_is_not_encoded() -> None:
    """The limit counts bytes of UTF-8, not characters."""
    with pytest.raises(ValueError, match="up to 255 bytes, not 256"):
        encode_information("é" * 128)

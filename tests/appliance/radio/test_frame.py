import pytest

from appliance.radio.frame import RadioFrame


@pytest.mark.parametrize(
    ("control", "mask", "priority"),
    [(0x80, 0x80, True), (0x7F, 0x80, False), (0x81, 0x03, True), (0xFF, 0x00, False)],
)
def test_priority_is_any_control_bit_of_the_mask(control: int, mask: int, priority: bool) -> None:
    """A frame is priority when control and mask share a bit, and never with an empty mask."""
    assert RadioFrame(control, -87, 0, b"\x7a").is_priority(mask) is priority

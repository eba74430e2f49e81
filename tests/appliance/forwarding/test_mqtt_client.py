import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from appliance.forwarding.mqtt_client import LARGEST_PACKET, MqttClient

PASSED_OVER, REFUSED = MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_PROTOCOL


def client() -> MqttClient:
    """One without a connection."""
    return MqttClient(CallbackAPIVersion.VERSION2, client_id="unit")


@pytest.mark.parametrize(
    ("first_byte", "outcome"),
    [
        (0x00, REFUSED),  # reserved
        (0x10, REFUSED),  # CONNECT
        (0x30, PASSED_OVER),  # PUBLISH, at every QoS: it would be answered at 1 and 2
        (0x32, PASSED_OVER),
        (0x34, PASSED_OVER),
        (0x40, PASSED_OVER),  # PUBACK for nothing that was sent
        (0x50, REFUSED),  # PUBREC
        (0x62, REFUSED),  # PUBREL
        (0x70, REFUSED),  # PUBCOMP: paho would take it for a PUBACK
        (0x82, REFUSED),  # SUBSCRIBE
        (0x90, PASSED_OVER),  # SUBACK
        (0xB0, PASSED_OVER),  # UNSUBACK
        (0xC0, REFUSED),  # PINGREQ
        (0xE0, REFUSED),  # DISCONNECT
        (0xF0, REFUSED),  # reserved
    ],
)
def test_what_a_broker_may_send(first_byte: int, outcome: MQTTErrorCode) -> None:
    """What is its to send and can do no harm; a violation ends the connection (MQTT 3.1.1, 4.8)."""
    made = client()
    made._in_packet |= {
        "command": first_byte,
        "packet": bytearray(b"\x00\x01"),
        "remaining_length": 2,
    }
    assert made._packet_handle() is outcome
    assert not made._out_packet  # nothing is answered


def test_a_packet_that_is_too_large_is_not_read() -> None:
    """Paho would take in 256 MB."""
    with pytest.raises(ConnectionAbortedError):
        client()._sock_recv(LARGEST_PACKET + 1)

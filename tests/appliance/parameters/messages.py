"""Every rule with the exact words it gives: the one table, which the manual may quote from.

Of the PEM parameters only what concerns the whole configuration stands here; their own rules are
in test_pem and its siblings.
"""

from tests.appliance.parameters.dated import dated

A64 = "a" * 64
LONGEST = ".".join(["a" * 63] * 4)  # 255 characters

# Parameter, value, why it is refused.
REFUSED = [
    ("broker-url", "", "empty: write ssl://name.of.broker:port"),
    (
        "broker-url",
        "broker.example.com:8883",
        "no ssl:// in front: write ssl://name.of.broker:port",
    ),
    (
        "broker-url",
        "mqtts://broker.example.com:8883",
        "only ssl:// is supported: write ssl://name.of.broker:port",
    ),
    (
        "broker-url",
        "ssl://192.0.2.7:8883",
        "an IP address: the broker's full domain name is needed, as in ssl://name.of.broker:port",
    ),
    (
        "broker-url",
        "ssl://[2001:db8::7]:8883",
        "an IPv6 address: the broker's full domain name is needed, as in ssl://name.of.broker:port",
    ),
    (
        "broker-url",
        "ssl://broker:8883",
        (
            "the broker name has one part only: the full domain name is needed, such as "
            "broker.example.com"
        ),
    ),
    (
        "broker-url",
        "ssl://broker.7:8883",
        (
            "the last part of the broker name is all digits: the full domain name is needed, "
            "such as broker.example.com"
        ),
    ),
    ("broker-url", "ssl://:8883", "no broker name after ssl://: write ssl://name.of.broker:port"),
    (
        "broker-url",
        "ssl://broker.example.com",
        "no port: add it behind the name, most often :8883",
    ),
    (
        "broker-url",
        "ssl://broker.example.com:mqtt",
        "the port is not a number: write digits only, 1 to 65535",
    ),
    (
        "broker-url",
        "ssl://broker.example.com:88830",
        "the port is out of range: 1 to 65535, most often 8883",
    ),
    (
        "broker-url",
        "ssl://broker.example.com:8883/mqtt",
        "a path after the port: end it before '/', as in ssl://name.of.broker:port",
    ),
    (
        "broker-url",
        "ssl://broker.example.com:8883?x",
        "a query after the port: end it before '?', as in ssl://name.of.broker:port",
    ),
    (
        "broker-url",
        "ssl://broker.example.com:8883#x",
        "a fragment after the port: end it before '#', as in ssl://name.of.broker:port",
    ),
    (
        "broker-url",
        "ssl://unit@broker.example.com:8883",
        (
            "a user name before '@': leave it out, it has parameters of its own "
            "(client-username, client-password)"
        ),
    ),
    ("broker-url", "ssl://broker.example.com:8883 ", "a space at place 30: take it out"),
    (
        "broker-url",
        "ssl://broker\t.example.com:8883",
        "white space (U+0009) at place 13: take it out",
    ),
    (
        "broker-url",
        "ssl://broker\x07.example.com:8883",
        "control character U+0007 at place 13: take it out",
    ),
    (
        "broker-url",
        "ssl://m\u00e5ler.example:8883",
        (
            "the broker name has U+00E5 at its place 2: write it in ASCII, international names "
            "as punycode (xn--\u2026)"
        ),
    ),
    (
        "broker-url",
        "ssl://broker.example.com.:8883",
        "the broker name ends with a dot: take it out",
    ),
    (
        "broker-url",
        "ssl://broker..com:8883",
        "part 2 of the broker name is empty: write one dot between two parts, none in front",
    ),
    (
        "broker-url",
        f"ssl://{A64}.com:8883",
        "part 1 of the broker name is 64 characters long: at most 63 are allowed",
    ),
    (
        "broker-url",
        f"ssl://{LONGEST}:8883",
        "the broker name is 255 characters long: at most 253 fit",
    ),
    (
        "broker-url",
        "ssl://my_broker.example.com:8883",
        "part 1 of the broker name has '_': letters, digits and hyphens only",
    ),
    (
        "broker-url",
        "ssl://-broker.example.com:8883",
        "part 1 of the broker name begins or ends with a hyphen: take it out",
    ),
    ("data-topic", "", "empty: enter a topic such as meters/north/data"),
    (
        "data-topic",
        "meters/#",
        "'#' at place 8: wildcards are for subscribing, a topic to publish to has none",
    ),
    (
        "event-topic",
        "meters/+/event",
        "'+' at place 8: wildcards are for subscribing, a topic to publish to has none",
    ),
    ("status-topic", "a\x00", "control character U+0000 at place 2: take it out"),
    ("last-will-topic", "a" * 65_536, "65,536 bytes long as UTF-8: at most 65,535 fit"),
    ("last-will-payload", "a" * 65_536, "65,536 bytes long as UTF-8: at most 65,535 fit"),
    (
        "last-will-payload",
        "ab\ud800",
        "broken text at place 3 (half a character, U+D800): enter it again as UTF-8",
    ),
    ("client-username", "a\nb", "a line break at place 2: enter one line only"),
    (
        "client-password",
        "hunter\x00",
        "a NUL character (U+0000) at place 7, which MQTT forbids: take it out",
    ),
]

# Parameter, value that is stored all the same, what is said of it.
WARNED = [
    (
        "broker-url",
        "ssl://broker.example.com:1883",
        "port 1883 is most often MQTT without TLS: TLS is most often on 8883",
    ),
    ("data-topic", " meters", "begins with white space, which is kept as part of it"),
    ("data-topic", "meters ", "ends with white space, which is kept as part of it"),
    ("client-password", " x ", "begins and ends with white space, which is kept as part of it"),
    (
        "data-topic",
        "$SYS/meters",
        "begins with '$': brokers keep such topics for themselves, most take no frames there",
    ),
    (
        "data-topic",
        "meters//data",
        "two '/' in a row at place 7: they make an empty level, which is rarely meant",
    ),
    (
        "data-topic",
        "meters/",
        "ends with '/': that makes an empty last level, which is rarely meant",
    ),
    (
        "last-will-payload",
        "{ \u201cconnected\u201d: 0 }",
        "a typographic quotation mark at place 3: JSON needs straight ones",
    ),
    ("client-username", "a\x07", "a control character at place 2: some brokers refuse it"),
    (
        "client-id",
        "concentrator-north-of-town",
        "26 bytes long: brokers have to take 23 only (MQTT 3.1.1), and some refuse more",
    ),
]

UNIT = dated("2027-01-01", "2028-01-01")
OTHER = dated("2027-01-01", "2028-01-01", "other")
ROOT = dated("2027-01-01", "2037-01-01", "root")
OLD = dated("2026-12-01", "2027-03-01", "old root")
NEXT = dated("2027-09-01", "2037-01-01", "next root")
MIDDLE = dated("2026-12-01", "2027-03-01", "")
BELOW_ROOT = dated("2026-12-01", "2027-03-01", "", ROOT)
BELOW = dated("2027-01-01", "2028-01-01", issuer=MIDDLE)
IDENTITY = {"client-certificate": UNIT.pem, "client-private-key": UNIT.key_pem}
LEAST = {"broker-url": "ssl://broker.example.com:8883", "data-topic": "meters/data"}
AWS = {**LEAST, **IDENTITY, "broker-url": "ssl://a-ats.iot.eu-west-1.amazonaws.com:8883"}
BASIC_INGEST = {**LEAST, **IDENTITY, "event-topic": "$aws/rules/events"}
EVENT_GRID = {
    **LEAST,
    **IDENTITY,
    "broker-url": "ssl://meters.westeurope-1.ts.eventgrid.azure.net:8883",
    "client-username": "unit7",
}
THINGSBOARD = {
    "broker-url": "ssl://mqtt.thingsboard.cloud:8883",
    "data-topic": "v1/devices/me/telemetry",
    "client-username": "A1_TEST_TOKEN",
}
NO_IDENTITY = {"client-certificate": "", "client-private-key": ""}


def unit(first: str, last: str) -> dict[str, str]:
    """The least configuration with a client certificate valid between these days."""
    credential = dated(first, last)
    return {
        **LEAST,
        "client-certificate": credential.pem,
        "client-private-key": credential.key_pem,
    }


# All as on this day. Values together, size of the largest message due, severity, what is said.
TODAY = "2027-06-15"
REVIEWED: list[tuple[dict[str, str], int | None, str, str]] = [
    (
        {**LEAST, "broker-url": ""},
        None,
        "error",
        "broker-url: required and not set: enter it and save",
    ),
    (
        {**LEAST, "client-password": "x"},
        None,
        "error",
        "client-password: needs client-username: enter it, or clear the password",
    ),
    (
        {**LEAST, "client-certificate": UNIT.pem},
        None,
        "error",
        "client-certificate: needs client-private-key: enter it, or clear the certificate",
    ),
    (
        {**LEAST, "client-private-key": UNIT.key_pem},
        None,
        "error",
        "client-private-key: needs client-certificate: enter it, or clear the key",
    ),
    (
        {**LEAST, "client-certificate": UNIT.pem, "client-private-key": OTHER.key_pem},
        None,
        "error",
        (
            "client-private-key: does not belong to client-certificate: enter the key the "
            "certificate was made for"
        ),
    ),
    (
        {**LEAST, "last-will-payload": "gone"},
        None,
        "warning",
        "last-will-payload: has no effect without last-will-topic: enter that too, or clear this",
    ),
    (
        unit("2027-01-01", "2027-03-01"),
        None,
        "error",
        (
            "client-certificate: the client certificate expired on 2027-03-01: have a new one "
            "issued, and enter it with its key"
        ),
    ),
    (
        unit("2027-09-01", "2028-03-01"),
        None,
        "error",
        (
            "client-certificate: the client certificate is valid from 2027-09-01 only, and this "
            "unit's clock says 2027-06-15: check the clock, or wait"
        ),
    ),
    (
        unit("2027-01-01", "2027-06-27"),
        None,
        "warning",
        (
            "client-certificate: the client certificate expires in 12 days, on 2027-06-27: "
            "replace it before then"
        ),
    ),
    (
        unit("2027-01-01", "2027-06-16"),
        None,
        "warning",
        (
            "client-certificate: the client certificate expires in 1 day, on 2027-06-16: replace "
            "it before then"
        ),
    ),
    (
        unit("2027-01-01", "2027-06-15"),
        None,
        "warning",
        (
            "client-certificate: the client certificate expires within a day, on 2027-06-15: "
            "replace it before then"
        ),
    ),
    (
        {
            **LEAST,
            "client-certificate": BELOW.pem + MIDDLE.pem,
            "client-private-key": BELOW.key_pem,
        },
        None,
        "warning",
        (
            "client-certificate: certificate 2 of 2 expired on 2027-03-01: enter the chain with "
            "the one that replaces it"
        ),
    ),
    (
        {**LEAST, "broker-certificate": OLD.pem},
        None,
        "error",
        (
            "broker-certificate: the broker certificate expired on 2027-03-01: paste the one "
            "that replaces it"
        ),
    ),
    (
        {**LEAST, "broker-certificate": NEXT.pem},
        None,
        "error",
        (
            "broker-certificate: the broker certificate is valid from 2027-09-01 only, and this "
            "unit's clock says 2027-06-15: check the clock, or wait"
        ),
    ),
    (
        {**LEAST, "broker-certificate": ROOT.pem + BELOW_ROOT.pem},
        None,
        "warning",
        (
            "broker-certificate: certificate 1 of 2 expired on 2027-03-01: paste the one that "
            "replaces it"
        ),
    ),
    (
        {**AWS, "broker-url": "ssl://a.iot.eu-west-1.amazonaws.com:1884"},
        None,
        "error",
        "broker-url: port 1884: AWS IoT Core takes MQTT over TLS on 8883 or 443",
    ),
    (
        {**AWS, "data-topic": "x" * 257},
        None,
        "error",
        "data-topic: 257 bytes long: AWS IoT Core takes topics of at most 256",
    ),
    (
        {**AWS, "data-topic": "/a/b/c/d/e/f/g/h"},
        None,
        "error",
        "data-topic: 8 slashes: AWS IoT Core takes topics with at most 7",
    ),
    (
        {**AWS, "client-id": "x" * 129},
        None,
        "error",
        "client-id: 129 bytes long: AWS IoT Core takes client IDs of at most 128",
    ),
    (
        {**AWS, **NO_IDENTITY},
        None,
        "warning",
        (
            "client-certificate: AWS IoT Core knows a unit by its client certificate: enter it "
            "and its key, unless a custom authorizer lets this unit in"
        ),
    ),
    (
        {**AWS, "client-username": "unit7"},
        None,
        "warning",
        (
            "client-username: AWS IoT Core hands a username to custom authorizers only: clear "
            "it, unless one is set up for this unit"
        ),
    ),
    (
        AWS,
        140_000,
        "error",
        (
            "a message has 140,000 bytes, AWS IoT Core takes at most 131,072: set max_payload = "
            "61440 under [mqtt] in the settings file"
        ),
    ),
    (
        {**BASIC_INGEST, "data-topic": "x" * 257},
        None,
        "warning",
        "data-topic: 257 bytes long: AWS IoT Core (judging by a topic) takes topics of at most 256",
    ),
    (
        {**EVENT_GRID, "client-username": ""},
        None,
        "warning",
        (
            "client-username: Azure Event Grid wants the client's authentication name here: "
            "enter it, unless the namespace takes it from the certificate"
        ),
    ),
    (
        {**EVENT_GRID, **NO_IDENTITY},
        None,
        "warning",
        (
            "client-certificate: Azure Event Grid knows a unit by its client certificate: enter "
            "it and its key, unless the namespace authenticates in another way"
        ),
    ),
    (
        EVENT_GRID,
        600_000,
        "error",
        (
            "a message with its topic has 600,015 bytes, Azure Event Grid takes at most 524,288: "
            "set max_payload = 61440 under [mqtt] in the settings file"
        ),
    ),
    (
        {**THINGSBOARD, "broker-url": "ssl://thingsboard.example.com:1884"},
        None,
        "warning",
        "broker-url: port 1884: ThingsBoard by default takes MQTT over TLS on 8883",
    ),
    (
        {**THINGSBOARD, "client-username": ""},
        None,
        "warning",
        (
            "client-username: ThingsBoard knows a device by its access token: enter it here "
            "without a password, or use a client certificate"
        ),
    ),
    (
        {**THINGSBOARD, "data-topic": "v1/gateway/telemetry"},
        None,
        "warning",
        (
            "data-topic: ThingsBoard's gateway topics take another format than this unit's: use "
            "v1/devices/me/telemetry"
        ),
    ),
    (
        {**THINGSBOARD, "data-topic": "meters/data"},
        None,
        "warning",
        (
            "data-topic: ThingsBoard takes telemetry on v1/devices/me/telemetry: use it, unless "
            "the device profile names this topic"
        ),
    ),
    (
        THINGSBOARD,
        65_536,
        "warning",
        (
            "a message with its topic has 65,563 bytes, ThingsBoard by default takes at most "
            "65,536: set max_payload = 61440 under [mqtt] in the settings file"
        ),
    ),
]

# On 1970-01-01, and without a serial number.
CLOCK = (
    "this unit thinks it is 1 January 1970: set its clock (does NTP reach it?), certificates "
    "cannot be judged and frames get wrong times until then"
)
NO_CLIENT_ID = "client-id: empty, and so is the serial number: Azure Event Grid needs one"

ALL_WORDS = [
    *(reason for _, _, reason in REFUSED),
    *(warning for _, _, warning in WARNED),
    *(words for _, _, _, words in REVIEWED),
    CLOCK,
    NO_CLIENT_ID,
]

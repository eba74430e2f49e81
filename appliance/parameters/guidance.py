"""Owns what a technician is told of a parameter beyond its description: help for its value.

What it is for, the rule it has to follow, and where it is found or made at the broker services in
use: menus, files, commands, as the services document them in 2026. In ASCII, for any terminal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.parameters.broker_services import AWS_IOT_CORE
from appliance.parameters.public_key import CURVES, MIN_RSA_BITS
from appliance.parameters.text import MAX_BYTES, PROMISED_CLIENT_ID

SERVICES = ("AWS IoT Core", "ThingsBoard", "EMQX", "mosquitto")


@dataclass(frozen=True, slots=True)
class Guidance:
    """What a parameter is for, the rule for its value, and by SERVICES where to find it."""

    meaning: str
    rule: str
    where: Mapping[str, str]


def _at(*texts: str) -> dict[str, str]:
    return dict(zip(SERVICES, texts, strict=True))


_TOPIC_RULE = (
    f"A topic of 1 to {MAX_BYTES:,} bytes without the wildcards + and # and without control "
    "characters. Upper and lower case differ, and so does a slash at the beginning."
)
_KEY_KINDS = f"RSA with {MIN_RSA_BITS} bits or more, or EC ({', '.join(CURVES.values())})"
_MAKE_KEY = (
    "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout unit.key "
    "-out unit.csr -subj /CN=unit"
)

GUIDANCE: Mapping[str, Guidance] = {
    "broker-url": Guidance(
        "Name and port of the broker. The unit always encrypts, and accepts a broker only if its "
        "certificate is for exactly this name: another name or the address of the same machine "
        "will not do.",
        "ssl://NAME:PORT. The name is a full domain name of two parts or more (letters, digits, "
        "hyphens), never an IP address; the port 1 to 65535; nothing behind it.",
        _at(
            "Console: Connect > Domain configurations, the domain name of iot:Data-ATS. Command: "
            "aws iot describe-endpoint --endpoint-type iot:Data-ATS. Port 8883; 443 where a "
            "firewall lets nothing else out.",
            "Cloud: mqtt.thingsboard.cloud, in Europe mqtt.eu.thingsboard.cloud, port 8883. Check "
            "connectivity on the device's page shows host and port under MQTTS. A server of your "
            "own needs MQTT_SSL_ENABLED=true.",
            "Cloud: the deployment's Overview page has the address and the port for MQTT over TLS. "
            "A server of your own: its name, and the port of the ssl listener under Management > "
            "Listeners (8883 unless changed).",
            "The name in the server's certificate, and in mosquitto.conf the port of the listener "
            "that has certfile and keyfile: listener 8883.",
        ),
    ),
    "event-topic": Guidance(
        "Meters mark urgent frames, such as alarms, as priority. With a topic of their own the "
        "receiving side can act on them at once. Left empty, they go to the topic for data, still "
        "ahead of the other frames.",
        f"{_TOPIC_RULE} Empty: priority frames go to data-topic.",
        _at(
            "Yours to choose. The policy on the unit's certificate (Security > Policies) has to "
            "allow iot:Publish on topic/meters/north/event. At most "
            f"{AWS_IOT_CORE.max_topic} bytes and {AWS_IOT_CORE.max_slashes} slashes. Test > MQTT "
            "test client shows what arrives.",
            "Leave it empty: telemetry has one topic, and its rule chain sees every frame.",
            "Yours to choose. Where rules restrict topics, allow Publish on it under Access "
            "Control > Authorization.",
            "Yours to choose. Where mosquitto.conf names an acl_file, it needs below the line "
            "'user NAME': topic write meters/north/event",
        ),
    ),
    "data-topic": Guidance(
        "All frames without priority are published here, as JSON, up to 500 in a message. It is "
        "the address at which the receiving side has to listen.",
        _TOPIC_RULE,
        _at(
            "Yours to choose. The policy on the unit's certificate (Security > Policies) has to "
            "allow iot:Publish on topic/meters/north/data. From there Message routing > Rules "
            "takes the frames on: SELECT * FROM 'meters/north/data'.",
            "v1/devices/me/telemetry, unless the device profile names another one (Profiles > "
            "Device profiles > Transport configuration, MQTT).",
            "Yours to choose. Where rules restrict topics, allow Publish on it under Access "
            "Control > Authorization: a forbidden publish may be dropped without a word.",
            "Yours to choose. Where mosquitto.conf names an acl_file, it needs: topic write "
            "meters/north/data. A forbidden publish is acknowledged and thrown away: check with "
            "mosquitto_sub.",
        ),
    ),
    "last-will-topic": Guidance(
        "A unit that loses power or network cannot say so. The broker notices after 90 seconds at "
        "most and publishes the Last Will here on its behalf. A unit that is stopped in order, or "
        "activated anew, leaves none.",
        f"{_TOPIC_RULE} Empty: no Last Will.",
        _at(
            "Yours to choose. The unit's policy has to allow iot:Publish on this topic too, and "
            "iot:Connect with a Last Will (condition iot:ConnectAttributes: LastWill).",
            "Not used: ThingsBoard's own MQTT publishes no Last Will. Leave it empty; a silent "
            "device turns inactive there by itself.",
            "Yours to choose; where rules restrict topics, allow Publish on it under Access "
            "Control > Authorization.",
            "Yours to choose. Where mosquitto.conf names an acl_file, it needs: topic write "
            "meters/north/will",
        ),
    ),
    "last-will-payload": Guidance(
        "The message by which the receiving side learns that this unit is gone. The unit's own "
        'message at each connection is { "connected": 1 }; { "connected": 0 } is its counterpart.',
        f"Any text of up to {MAX_BYTES:,} bytes, also of several lines. Without last-will-topic "
        "it has no effect.",
        _at(
            "Free. As JSON a rule under Message routing > Rules can select by its fields: SELECT * "
            "FROM 'meters/north/will' WHERE connected = 0.",
            "Not used, as ThingsBoard publishes no Last Will: leave it empty.",
            "Free. As JSON a rule under Integration > Rules can take it apart.",
            "Free; it is passed on as it stands. mosquitto_sub -t meters/north/will shows it.",
        ),
    ),
    "status-topic": Guidance(
        'At each connection the unit publishes { "connected": 1 } here. Activate waits for the '
        "broker to acknowledge it: proof that the broker takes messages, and not only logins. Set "
        "it wherever the broker allows.",
        f"{_TOPIC_RULE} Empty: nothing is announced, and the connection is proof enough.",
        _at(
            "Yours to choose; the unit's policy has to allow iot:Publish on it. Where it does not, "
            "AWS closes the connection without a reason.",
            "v1/devices/me/attributes: the device then has a client attribute 'connected' on its "
            "page under Attributes.",
            "Yours to choose; where rules restrict topics, allow Publish on it under Access "
            "Control > Authorization.",
            "Yours to choose. Where mosquitto.conf names an acl_file, it needs: topic write "
            "meters/north/status",
        ),
    ),
    "broker-certificate": Guidance(
        "By it the unit tells the right broker from one that pretends to be it. An authority's "
        "certificate (root or intermediate) lasts longer than the broker's own, which is replaced "
        "more often.",
        "One or more certificates in PEM, the text from -----BEGIN CERTIFICATE----- to the end "
        "line. Any of them is enough. Empty: the authorities this unit's system trusts.",
        _at(
            "Amazon Root CA 1: https://www.amazontrust.com/repository/AmazonRootCA1.pem; offered "
            "for download too when a thing's certificate is created.",
            "https://HOST/api/device-connectivity/mqtts/certificate/download, HOST as in the "
            "browser's address line. A server of your own: the file in MQTT_SSL_PEM_CERT, or its "
            "authority.",
            "Cloud Serverless: CA certificate on the deployment's Overview page. A server of your "
            "own: the authority that signed TLS Cert under Management > Listeners > the ssl "
            "listener.",
            "The authority that signed the file named by certfile in mosquitto.conf. The one named "
            "by cafile checks clients, and may be another.",
        ),
    ),
    "client-username": Guidance(
        "The name by which the broker knows this unit, where it does not go by certificate. Rules "
        "about topics often hang on it.",
        f"One line of up to {MAX_BYTES:,} bytes. A username without a password is allowed.",
        _at(
            "Not used: AWS IoT Core goes by the client certificate. Leave it empty, unless a "
            "custom authorizer is set up for this unit.",
            "The device's access token: Entities > Devices > the device > Copy access token. With "
            "credentials of type MQTT Basic the user name under Manage credentials.",
            "Access Control > Authentication, Password-Based with the Built-in Database: add a "
            "user. Cloud: Access Control > Client Authentication.",
            "A name in the file that password_file in mosquitto.conf points to, made with: "
            "mosquitto_passwd /etc/mosquitto/passwd NAME. With use_identity_as_username true the "
            "certificate's CN stands for it: leave it empty.",
        ),
    ),
    "client-password": Guidance(
        "The secret that goes with the username. The unit never shows it again: keep it elsewhere; "
        "to change it, enter the new one.",
        f"One line of up to {MAX_BYTES:,} bytes; only with a username.",
        _at(
            "Not used, as the username: leave it empty, unless a custom authorizer wants one.",
            "Not used with an access token: leave it empty. With MQTT Basic the password under "
            "Manage credentials.",
            "The one given when the user was added under Access Control > Authentication; lost, it "
            "can only be replaced there.",
            "The one given to mosquitto_passwd; the file holds a hash of it. After a change "
            "mosquitto has to read the file again (SIGHUP).",
        ),
    ),
    "client-id": Guidance(
        "By it the broker tells its connections apart: two units with the same one throw each "
        "other out for ever. The serial number is always a good choice, unless the broker expects "
        "something else.",
        f"One line. Every broker takes {PROMISED_CLIENT_ID} bytes, most take more. Empty: the "
        "serial number.",
        _at(
            "What iot:Connect in the unit's policy allows as client/ID, often the thing's name "
            f"(All devices > Things). At most {AWS_IOT_CORE.max_client_id} bytes.",
            "Leave it empty: with an access token it does not matter. With MQTT Basic the client "
            "ID under Manage credentials, if one is set there.",
            "Leave it empty, unless users are known by client ID (UserID Type clientid). "
            "Monitoring > Clients shows who is connected.",
            "Leave it empty, unless mosquitto.conf has clientid_prefixes, or the acl_file a "
            "pattern with %c.",
        ),
    ),
    "client-certificate": Guidance(
        "The unit's identity card: it tells the broker which unit this is. It goes with a private "
        "key, and it expires: check and receipt say when.",
        "PEM: the unit's own certificate, then its intermediates if it has any (any order is "
        f"sorted). {_KEY_KINDS}. Needs client-private-key.",
        _at(
            "Made with the thing (All devices > Things > Create things), or: aws iot "
            "create-keys-and-certificate --set-as-active --certificate-pem-outfile unit.pem "
            "--private-key-outfile unit.key. Attach a policy to it, and the thing.",
            "Only with credentials of type X.509: make one, paste it on the device's page under "
            "Manage credentials, and here. Not possible where a load balancer ends TLS.",
            "Only where the ssl listener verifies clients (Management > Listeners; verify = "
            "verify_peer): signed by an authority in its CA Cert. Cloud Serverless takes none.",
            "Only where the listener has require_certificate true: signed by the authority in its "
            "cafile. openssl x509 -req -in unit.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out "
            "unit.pem -days 825",
        ),
    ),
    "client-private-key": Guidance(
        "Proves that the certificate is this unit's own. Whoever has it can pass for the unit: do "
        "not mail it, and delete copies. The unit never shows it again.",
        f"PEM without a passphrase. {_KEY_KINDS}. It has to belong to client-certificate.",
        _at(
            "Offered for download once, when the certificate is created (private.pem.key). Lost? "
            "Create a new certificate.",
            "The key made with the certificate: openssl req -x509 -newkey ec -pkeyopt "
            "ec_paramgen_curve:P-256 -nodes -keyout unit.key -out unit.pem -days 825 -subj "
            "/CN=unit. ThingsBoard itself gets the certificate only.",
            f"The key made with the request for a certificate: {_MAKE_KEY}",
            f"The key made with the request for a certificate: {_MAKE_KEY}",
        ),
    ),
}

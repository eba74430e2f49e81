"""The unit, without a screen: OpenlinkIQ frames from a radio modem to an MQTT broker.

    radio modem ──serial──> radio.receiver ──> radio.modem_protocol ──> RadioFrame
                                                                            │ unit stamps it
                                                              forwarding.cache (memory, disk)
                                                                            │ 500 at a time,
                                                                            │ priority first
      forwarding.payload ──> forwarding.delivery ──> forwarding.broker_session ──TLS──> broker
                                                                            │ PUBACK
                                                              forwarding.cache forgets it

    technician ──ssh──> ssh.session ──> tui (screen)   ─┐
    script     ──ssh──> ssh.session ──> ssh.commands   ─┴─> unit: save, check, activate, status
                                                                │
     activation: parameters.review, forwarding.rehearsal ──> a new forwarder ──> confirmed?
                                                                │ yes: parameters.store │ no: back

Radio and cache run from start to stop; Activate replaces the forwarder and nothing else.

Who is who: `cli` reads the command line; `service` puts a `unit` behind an SSH door and waits for
signals; `saving` changes what is saved, `engine` holds the forwarder at work, `activation` decides
which; `status_report` tells of all of it; `provisioning` makes a unit somebody's, `receipt` hands
it over; `journal` keeps what is logged, for the technician; `demo` is what the demo adds around a
unit; `head_end` is the other side, for trying things out.

Import rules, kept by import-linter (pyproject.toml):

1. Framing, payloads, backoff and the parameters' rules are pure: no I/O, no asyncio.
2. `radio`, `parameters` and `forwarding` do not know each other, but for RadioFrame and
   Configuration.
3. `unit` wires them, and knows nobody who uses it. `ssh` and `tui` know the unit's facade, never
   its insides.
4. The appliance never imports `tui`: `cli` hands the screen to the SSH server.
5. serial, sqlite3, paho, asyncssh and urwid have one owner each: the receiver, the files of the
   cache, the broker's connection, `ssh`, `tui`.
"""

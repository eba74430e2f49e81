import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.parameters.pem_blocks import MAX_BYTES, Block, read_blocks
from appliance.parameters.refusal import Refused

DER = bytes(range(100))
PEM = Block(1, "CERTIFICATE", DER).pem
BODY = "".join(PEM.splitlines()[1:-1])
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def test_is_written_as_the_standard_wants() -> None:
    """A block is written in lines of 64 characters with a final newline."""
    lines = PEM.splitlines()
    assert (lines[0], lines[-1]) == (BEGIN, END)
    assert [len(line) for line in lines[1:-1]] == [64, 64, 8]
    assert PEM.endswith("-----\n")


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        "\ufeff" + PEM,
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", "\r"),
        PEM.strip(),
        "\n\n \t" + PEM + "\n\n  ",
        PEM.replace("\n", "\n\n"),
        PEM.replace("\n", "\n    "),
        PEM.replace("\n", " "),
        f"Bag Attributes\n    friendlyName: broker\n{PEM}",
        f"{PEM}issued in spring",
        f"{BEGIN}\n{BODY}\n{END}",
        PEM.replace("-----", "\u2014\u2013-"),
        PEM.replace("-----", "-"),
        PEM.replace("-----", "----- "),
        PEM.replace("BEGIN ", "BEGIN\n  "),
        f"--- END OF TRANSCRIPT ---\n{PEM}--- BEGIN ---",
        f"caf\ufffd\0\n{PEM}",
    ],
)
def test_the_way_it_was_pasted_does_not_matter(text: str) -> None:
    """Byte-order mark, line ends, white space and text outside are no part of a block."""
    blocks = read_blocks(text)
    assert [block.pem for block in blocks] == [PEM]


def test_markers_may_touch() -> None:
    """Blocks without a line break between them share a row of dashes."""
    touching = PEM.replace("\n", "") * 3
    assert [block.pem for block in read_blocks(touching)] == [PEM] * 3


def test_an_unknown_label_needs_all_its_dashes() -> None:
    """Text that looks like a marker is text, unless it is one to the letter."""
    assert len(read_blocks(f"- BEGIN HERE -\n{PEM}- END HERE -\n")) == 1
    strange = PEM.replace("CERTIFICATE", "HERE")
    assert [block.label for block in read_blocks(strange)] == ["HERE"]


def test_a_row_of_dashes_costs_nothing() -> None:
    """The longest text of dashes, and of BEGINs without an end, is judged at once."""
    for text in ("-" * MAX_BYTES, "- " * (MAX_BYTES // 2), "-BEGIN " * (MAX_BYTES // 7)):
        with pytest.raises(Refused):
            read_blocks(text)


def test_blocks_are_numbered_as_pasted() -> None:
    """Several blocks keep their order, labels and contents."""
    blocks = read_blocks(f"first\n{PEM}then\n{PEM.replace('CERTIFICATE', 'PUBLIC KEY')}")
    assert [(block.number, block.label) for block in blocks] == [
        (1, "CERTIFICATE"),
        (2, "PUBLIC KEY"),
    ]
    assert {block.der for block in blocks} == {DER}


def test_an_old_style_encrypted_key_is_marked() -> None:
    """A Proc-Type header says that a key is encrypted."""
    body = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\nAAAA"
    text = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    assert [block.encrypted for block in read_blocks(text)] == [True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no PEM found"),
        ("hello", "no PEM found"),
        ("-----BEGIN certificate-----", "a BEGIN or END line is incomplete"),
        ("-----BEGIN CERTIF", "a BEGIN or END line is incomplete"),
        ("0\x82\x03", "binary data, not PEM: convert it with: openssl x509 -inform der"),
        ("x" * (MAX_BYTES + 1), "over 64 kB"),
        (f"{BEGIN}\n{BODY}", "block 1 has no END line: the text was cut"),
        (f"{PEM}{BEGIN}\n{BODY}", "block 2 has no END line: the text was cut"),
        (f"{BEGIN}\n{BODY}{PEM}", "block 1 has no END line: the text was cut"),
        (f"{PEM}{BEGIN[:20]}", "a BEGIN or END line is incomplete"),
        (f"{BEGIN}\n{BODY}\n{END[:20]}", "block 1 has no END line"),
        (f"{BODY}\n{END}", "block 1 has no BEGIN line: its start is missing"),
        (f"{PEM}{BODY}\n{END}", "block 2 has no BEGIN line"),
        (f"{BEGIN}\n{BODY}\n-----END PUBLIC KEY-----", "begins as one thing and ends as another"),
        (f"{BEGIN}\n{BODY[:-1]}\n{END}", "block 1 is damaged"),
        (f"{BEGIN}\n{BODY[:9]}!{BODY[9:]}\n{END}", "block 1 is damaged"),
        (f"{BEGIN}\n{BODY[:9]}æ{BODY[9:]}\n{END}", "block 1 is damaged"),
        (f"{PEM}{BEGIN}\nAAA=AAAA\n{END}", "block 2 is damaged"),
        (f"{BEGIN}\n{END}", "block 1 has nothing between its BEGIN and END lines"),
    ],
)
def test_damage_is_named(text: str, message: str) -> None:
    """What is cut, damaged or no PEM is refused with what is wrong and where."""
    with pytest.raises(Refused) as caught:
        read_blocks(text)
    assert message in caught.value.reason
    assert caught.value.reason.isprintable()


def test_the_repr_shows_no_content() -> None:
    """A block may hold a private key, so its repr shows none of it."""
    assert repr(Block(1, "PRIVATE KEY", b"hunter2")) == (
        "Block(number=1, label='PRIVATE KEY', encrypted=False)"
    )


@settings(deadline=None)  # no matter how slow the machine
@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4))
def test_what_is_written_is_read(contents: list[bytes]) -> None:
    """Any contents come back from their own PEM."""
    text = "".join(Block(1, "CERTIFICATE", der).pem for der in contents)
    assert [block.der for block in read_blocks(text)] == contents


PIECES = st.sampled_from([BEGIN, END, "-----BEGIN", "-----", "\n", base64.b64encode(DER).decode()])


@settings(deadline=None)  # no matter how slow the machine
@given(st.lists(PIECES | st.text(max_size=10), max_size=12))
def test_any_text_is_read_or_refused(pieces: list[str]) -> None:
    """Whatever is pasted gives blocks with contents, or a refusal in one line."""
    try:
        blocks, reason = read_blocks("".join(pieces)), ""
    except Refused as error:
        blocks, reason = [], error.reason
    assert reason.isprintable()
    assert bool(blocks) != bool(reason)
    assert all(block.der or block.encrypted for block in blocks)

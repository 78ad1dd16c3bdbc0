# SPDX-License-Identifier: EUPL-1.2
"""The public repository's files, whoever wrote them: read as JSON would hold them, told of where they are odd."""

from __future__ import annotations

from pathlib import Path

import pytest

from uplink_decoder.codec_library.proof import Proof
from uplink_decoder.codec_library.public_repository import PublicCodec, find_vendors, read_codecs
from uplink_decoder.codec_library.yaml_form import FormError, read_yaml

CODEC = "uplinkDecoder:\n  fileName: a.js\n"
DEVICE = "firmwareVersions:\n  - {version: '1', profiles: {EU863-870: {codec: a}}}\n"


def codec(folder: Path, *, index: str = "", device: str = DEVICE, more: str = "") -> PublicCodec:
    vendor = folder / "vendor/acme"
    vendor.mkdir(parents=True)
    (folder / "vendor/index.yaml").write_text(index)
    (vendor / "a.js").write_text("// nothing")
    (vendor / "a.yaml").write_text(CODEC + more)
    (vendor / "device.yaml").write_text(device)
    (found,) = (each for vendor in find_vendors(folder) for each in read_codecs(vendor))
    return found


def test_names_of_members_are_the_texts_that_they_are_written_as() -> None:
    text = "1: a\non: b\nnull: c\n0x10: d\n2026-01-01: e\nbase: &b {7: f}\nmerged: {<<: *b, g: 1}\n"
    assert read_yaml(text) == {
        "1": "a",
        "on": "b",
        "null": "c",
        "0x10": "d",
        "2026-01-01": "e",
        "base": {"7": "f"},
        "merged": {"7": "f", "g": 1},
    }


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? {a: b}\n: c\n", "? - {a: b}\n: c\n"])
def test_member_with_a_list_or_a_mapping_as_its_name_is_told_with_its_line(text: str) -> None:
    with pytest.raises(FormError, match=r"^line 1: a name that is no text$"):
        read_yaml(text)


def test_example_whose_members_are_numbers_and_texts_can_be_stored(tmp_path: Path) -> None:
    example = "  examples:\n    - {input: {bytes: [1]}, output: {data: {1: on, a: off}}}\n"
    submission = codec(tmp_path, more=example).submission
    assert submission is not None
    assert '"data":{"1":"on","a":"off"}' in submission.version(Proof(1), by="test").vectors


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Level One", "Level One"),
        ("7", "7"),
        ('"Level\\0One"', "LevelOne"),
        ('"\\uD800"', "device"),
        ("*b8", "device"),
    ],
)
def test_name_of_a_device_is_a_text_that_can_be_stored_or_its_files(
    tmp_path: Path, name: str, model: str
) -> None:
    # Eight lines of aliases of aliases are a text of a hundred million words.
    aliases = "b0: &b0 [x]\n" + "".join(
        f"b{each}: &b{each} [{', '.join([f'*b{each - 1}'] * 10)}]\n" for each in range(1, 9)
    )
    submission = codec(tmp_path, device=f"{aliases}name: {name}\n{DEVICE}").submission
    assert submission is not None
    assert submission.model == model


@pytest.mark.parametrize(
    ("index", "maker"),
    [
        ("vendors: [{id: acme, name: Acme}]", "Acme"),
        ("vendors: 7", "acme"),
        ("vendors: {acme: 1}", "acme"),
        ("vendors: [{id: [acme], name: Acme}]", "acme"),
        ('vendors: [{id: acme, name: "Ac\\0me"}]', "Acme"),
    ],
)
def test_maker_whose_name_is_none_is_called_as_the_folder(
    tmp_path: Path, index: str, maker: str
) -> None:
    submission = codec(tmp_path, index=index).submission
    assert submission is not None
    assert submission.maker == maker

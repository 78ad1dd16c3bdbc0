# SPDX-License-Identifier: EUPL-1.2
"""Every native codec against the vectors written from its layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from uplink_decoder.codecs.model import CodecError, Decoded, Reading
from uplink_decoder.codecs.registry import NATIVE_CODECS

VECTOR_FILES = sorted((Path(__file__).parent / "vectors").glob("*.yaml"))
MAPPING_PAGES = Path(__file__).parents[4] / "docs" / "mapping"

Vector = Mapping[str, Any]
Decode = Callable[[str, int, bytes], Decoded]


def load_vectors() -> list[tuple[str, Vector]]:
    vectors: list[tuple[str, Vector]] = []
    for path in VECTOR_FILES:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        vectors += [(content["codec"], vector) for vector in content["vectors"]]
    return vectors


VECTORS = load_vectors()
IDS = [f"{codec_id}: {vector['name']}" for codec_id, vector in VECTORS]
READABLE = [pair for pair in VECTORS if "error" not in pair[1]]
READABLE_IDS = [f"{codec_id}: {vector['name']}" for codec_id, vector in READABLE]


@pytest.mark.parametrize(("codec_id", "vector"), VECTORS, ids=IDS)
def test_vector_decodes_as_its_layout_says(
    codec_id: str,
    vector: Vector,
    decode: Decode,
    reading_of: Callable[[Vector], Reading],
) -> None:
    payload = bytes.fromhex(vector["hex"])
    if "error" in vector:
        with pytest.raises(CodecError) as caught:
            decode(codec_id, vector["f_port"], payload)
        assert str(caught.value) == vector["error"]
        return
    decoded = decode(codec_id, vector["f_port"], payload)
    assert decoded.data == vector["data"]
    assert decoded.readings == tuple(reading_of(wanted) for wanted in vector["readings"])
    assert decoded.warnings == tuple(vector.get("warnings", ()))
    assert decoded.battery_mv == vector.get("battery_mv")
    assert decoded.battery_percent == vector.get("battery_percent")


def refusal(decode: Decode, codec_id: str, f_port: int, payload: bytes) -> str | None:
    try:
        decode(codec_id, f_port, payload)
    except CodecError as error:
        return str(error)
    return None


@pytest.mark.parametrize(("codec_id", "vector"), READABLE, ids=READABLE_IDS)
def test_payload_cut_off_anywhere_is_read_or_refused_with_its_byte(
    codec_id: str, vector: Vector, decode: Decode
) -> None:
    payload = bytes.fromhex(vector["hex"])
    for length in range(len(payload)):
        reason = refusal(decode, codec_id, vector["f_port"], payload[:length])
        if reason is not None:
            offset = int(reason.removeprefix("byte ").split(":")[0])
            assert 0 <= offset <= length


def test_every_codec_has_vectors_and_a_mapping_page() -> None:
    assert {path.stem for path in VECTOR_FILES} == set(NATIVE_CODECS)
    assert {codec_id for codec_id, _ in VECTORS} == set(NATIVE_CODECS)
    assert set(NATIVE_CODECS) <= {page.stem for page in MAPPING_PAGES.glob("*.md")}


def test_every_codec_is_listed_under_its_own_id() -> None:
    assert {codec_id: codec.codec_id for codec_id, codec in NATIVE_CODECS.items()} == {
        codec_id: codec_id for codec_id in NATIVE_CODECS
    }

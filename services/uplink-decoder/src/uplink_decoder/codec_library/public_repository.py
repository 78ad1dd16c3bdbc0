# SPDX-License-Identifier: EUPL-1.2
"""Reads a checkout of the public device repository: its codecs with maker, models and vectors.

Knows the files' form (vendor/index.yaml, vendor/<id>/*.yaml and their scripts) and stores nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uplink_decoder.codec_library.submission import Submission
from uplink_decoder.codec_library.yaml_form import FormError, read_yaml
from uplink_decoder.codecs.vectors import VectorError, read_vectors

CODEC_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
CODEC_FILE = re.compile(rb"^uplinkDecoder:", re.MULTILINE)
DEVICE_FILE = re.compile(rb"^firmwareVersions:", re.MULTILINE)
MAX_LABEL = 200
MAX_SOURCE_BYTES = 1_000_000


class RepositoryError(ValueError):
    """The folder is no checkout of the public device repository."""


@dataclass(frozen=True, slots=True)
class PublicCodec:
    """One codec file of the repository: ready to be proved, or why it cannot be."""

    codec_id: str
    file: str
    submission: Submission | None = None
    problem: str = ""
    vectors: int = 0


@dataclass(frozen=True, slots=True)
class Vendor:
    """A maker's folder with its codec files and device files."""

    vendor_id: str
    name: str
    folder: Path
    codec_files: Sequence[Path]
    device_files: Sequence[Path]


def find_vendors(checkout: Path, vendor_id: str | None = None) -> list[Vendor]:
    """Return the makers that have codecs, one of them where it is named.

    Raises:
        RepositoryError: there is no folder `vendor`, or no such maker.

    """
    folder = checkout / "vendor"
    if not folder.is_dir():
        raise RepositoryError(f"{checkout} has no folder `vendor`")
    names = _names(folder / "index.yaml")
    folders = sorted(each for each in folder.iterdir() if each.is_dir())
    if vendor_id is not None:
        folders = [each for each in folders if each.name == vendor_id]
        if not folders:
            raise RepositoryError(f"there is no maker {vendor_id!r} in {folder}")
    return [_vendor(each, names.get(each.name, each.name)) for each in folders]


def read_codecs(vendor: Vendor) -> Iterator[PublicCodec]:
    """Read a maker's codecs one after the other; what is wrong with one is told in its place."""
    models = _models(vendor)
    for file in vendor.codec_files:
        yield _codec(vendor, file, models.get(file.stem, ()))


def _vendor(folder: Path, name: str) -> Vendor:
    codecs, devices = [], []
    for file in sorted(folder.glob("*.yaml")):
        text = file.read_bytes()
        if CODEC_FILE.search(text):
            codecs.append(file)
        elif DEVICE_FILE.search(text):
            devices.append(file)
    return Vendor(folder.name, name, folder, codecs, devices)


def _names(index: Path) -> dict[str, str]:
    if not index.is_file():
        return {}
    try:
        vendors = _mapping(_read(index)).get("vendors") or []
    except FormError as error:
        raise RepositoryError(f"{index}: {error}") from error
    if not isinstance(vendors, list):
        return {}
    return {
        vendor_id: _text(each.get("name")) or vendor_id
        for each in map(_mapping, vendors)
        if (vendor_id := _text(each.get("id")))
    }


def _models(vendor: Vendor) -> dict[str, list[str]]:
    """Return the names of the devices that use each codec; an unreadable device names none."""
    models: dict[str, list[str]] = {}
    for file in vendor.device_files:
        try:
            device = _mapping(_read(file))
        except FormError:
            continue
        name = _text(device.get("name")) or file.stem
        for codec in _codecs_of(device):
            found = models.setdefault(codec, [])
            if name not in found:
                found.append(name)
    return models


def _codecs_of(device: Mapping[str, Any]) -> set[str]:
    versions = device.get("firmwareVersions")
    found: set[str] = set()
    for version in versions if isinstance(versions, list) else []:
        profiles = _mapping(_mapping(version).get("profiles"))
        found |= {_text(_mapping(each).get("codec")) for each in profiles.values()}
    return found - {""}


def _codec(vendor: Vendor, file: Path, models: Sequence[str]) -> PublicCodec:
    name = f"{vendor.folder.name}/{file.name}"
    codec_id = re.sub(r"[^a-z0-9._-]+", "-", f"{vendor.vendor_id}-{file.stem}".lower())
    if not CODEC_ID.fullmatch(codec_id):
        return PublicCodec(codec_id[:100], name, problem="its name makes no codec id")
    try:
        document = _read(file)
        vectors = read_vectors(document)
    except FormError as error:
        return PublicCodec(codec_id, name, problem=f"no YAML: {error}")
    except VectorError as error:
        return PublicCodec(codec_id, name, problem=f"examples: {error}")
    try:
        source = _source(vendor.folder, document["uplinkDecoder"].get("fileName"))
    except FormError as error:
        return PublicCodec(codec_id, name, problem=str(error), vectors=len(vectors))
    submission = Submission(
        codec_id=codec_id,
        source=source,
        vectors=vectors,
        maker=vendor.name[:MAX_LABEL],
        model=", ".join(models)[:MAX_LABEL],
    )
    return PublicCodec(codec_id, name, submission, vectors=len(vectors))


def _source(folder: Path, file_name: Any) -> str:
    if not isinstance(file_name, str) or not file_name:
        raise FormError("it names no script")
    try:
        file = (folder / file_name).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # a NUL, half a surrogate pair, links that go round
        raise FormError(f"the script {file_name!r} can be no file: {error}") from error
    if not file.is_relative_to(folder.parent.resolve()):
        raise FormError(f"the script {file_name!r} lies outside the repository")
    try:
        text = file.read_bytes()
    except OSError as error:
        raise FormError(f"the script {file_name!r} cannot be read: {error.strerror}") from error
    if len(text) > MAX_SOURCE_BYTES:
        raise FormError(f"the script {file_name!r} has more than {MAX_SOURCE_BYTES} bytes")
    try:
        source = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormError(f"the script {file_name!r} is not UTF-8") from error
    if "\x00" in source:
        raise FormError(f"the script {file_name!r} holds a NUL character")
    return source


def _read(file: Path) -> Any:
    try:
        return read_yaml(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FormError("not UTF-8") from error


def _text(value: Any) -> str:
    """Return a text that can be stored, or none.

    A few aliases of aliases are a document that has no end as a text.
    """
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str) or any("\ud800" <= each <= "\udfff" for each in value):
        return ""
    return value.replace("\x00", "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

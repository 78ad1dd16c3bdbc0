# SPDX-License-Identifier: EUPL-1.2
"""Devices as CSV: one line each, read with every error by line and column, written back the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    field_validator,
    model_validator,
)

from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.registration import KEEP, Description, Keep, Wish
from uplink_decoder.registry import fields as of

REQUIRED = ("dev_eui", "name")
TOGETHER = (
    ("asset_kind", "asset_id"),
    ("asset_id", "asset_kind"),
    ("observes", "asset_id"),
    ("lat", "lon"),
    ("lon", "lat"),
)
IN_WORDS = {
    "dev_eui": "must be 16 hexadecimal digits, or tts/<application>/<device>",
    "codec_variables": "must be key=value;key=value, without control characters",
    "tags": "must be key=value;key=value, without control characters",
}
"""What a pattern asks for; what is not named here takes any text."""
TRUE, FALSE = frozenset({"yes", "true", "1"}), frozenset({"", "no", "false", "0"})


def _empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _flag(value: object) -> object:
    word = value.strip().lower() if isinstance(value, str) else value
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError("yes or empty")


Optional = BeforeValidator(_empty_is_none)
Pairs = BeforeValidator(of.read_pairs)


class DeviceLine(BaseModel):
    """One line; a column that the file does not have leaves alone what is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dev_eui: of.DevEui
    name: of.Name
    codec_id: Annotated[of.CodecId | None, Optional] = None
    asset_kind: Annotated[of.AssetKind | None, Optional] = None
    asset_id: Annotated[str | None, Optional] = None
    observes: Annotated[of.ObservationKind | None, Optional] = None
    expected_interval_s: Annotated[of.ExpectedInterval | None, Optional] = None
    lat: Annotated[of.Latitude | None, Optional] = None
    lon: Annotated[of.Longitude | None, Optional] = None
    maker: of.Label = ""
    model: of.Label = ""
    description: of.Description = ""
    codec_variables: Annotated[of.Pairs, Pairs] = {}
    tags: Annotated[of.Pairs, Pairs] = {}
    retired: Annotated[bool, BeforeValidator(_flag)] = False

    @field_validator("asset_id")
    @classmethod
    def _stripped(cls, value: str | None) -> str | None:
        return value.strip() if value else None

    @model_validator(mode="after")
    def _fits(self) -> DeviceLine:
        if (self.asset_kind is None) != (self.asset_id is None):
            raise ValueError("asset_kind and asset_id belong together")
        if self.asset_kind is None and self.observes is not None:
            raise ValueError("observes needs an asset")
        self.asset()
        of.check_place(self.lat, self.lon)
        return self

    def asset(self) -> Asset | None:
        """Return what the device watches."""
        if self.asset_kind is None or self.asset_id is None:
            return None
        return of.check_asset(self.asset_kind, self.asset_id, self.observes)

    def wish(self) -> Wish:
        """Return what the device shall be."""
        given = {
            name: getattr(self, name)
            for name in self.model_fields_set
            if name in Description.__slots__
        }
        asset: Asset | Keep | None = KEEP
        if "asset_kind" in self.model_fields_set and not self.retired:
            asset = self.asset()
        return Wish(dev_eui=self.dev_eui, fields=given, asset=asset, is_retired=self.retired)

    def complete_wish(self) -> Wish:
        """Return what the device shall be where the file says all: what it leaves out is empty."""
        fields = {name: getattr(self, name) for name in Description.__slots__}
        asset = KEEP if self.retired else self.asset()
        return Wish(dev_eui=self.dev_eui, fields=fields, asset=asset, is_retired=self.retired)


COLUMNS = tuple(DeviceLine.model_fields)


class LineError(NamedTuple):
    """What is wrong in which line and column; no column where it is the line as a whole."""

    line: int
    column: str | None
    detail: str
    code: str


class Numbered(NamedTuple):
    """A device and the line that it stands in."""

    number: int
    line: DeviceLine


class LineReader:
    """Reads a CSV file with a header, one line after the other: lines and everything wrong."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.lines: list[Numbered] = []
        self.errors: list[LineError] = []

    def read(self) -> Iterator[None]:
        """Read on with every step, so that a long file need not hold others up."""
        reader = csv.DictReader(io.StringIO(self._text, newline=""), strict=True)
        try:
            self.errors += _check_header(reader.fieldnames or ())
            if self.errors:
                return
            seen: dict[str, int] = {}
            for record in reader:
                self._take(reader.line_num, record, seen)
                yield
        except csv.Error as error:
            # The reader counts a line when it has understood it.
            number = min(reader.line_num + 1, len(self._text.splitlines()))
            self.errors.append(LineError(number, None, str(error), "invalid_csv"))

    def _take(self, number: int, record: Mapping[Any, Any], seen: dict[str, int]) -> None:
        line = _read(number, record)
        if isinstance(line, DeviceLine):
            self.lines.append(Numbered(number, line))
            self.errors += _repeated(seen, number, line.dev_eui)
        else:
            self.errors += line


def read_lines(text: str) -> tuple[list[Numbered], list[LineError]]:
    """Read a CSV file with a header; return its lines and everything that is wrong with it."""
    reader = LineReader(text)
    for _ in reader.read():
        pass
    return reader.lines, reader.errors


def _check_header(names: Sequence[str]) -> list[LineError]:
    errors = [
        LineError(1, name, "there is no such column", "unknown_column")
        for name in names
        if name not in COLUMNS
    ]
    errors += [
        LineError(1, name, "the column is missing", "missing_column")
        for name in REQUIRED
        if name not in names
    ]
    errors += [
        LineError(1, name, "the column stands twice", "repeated_column")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    errors += [
        LineError(1, needed, f"{name} needs it", "missing_column")
        for name, needed in TOGETHER
        if name in names and needed not in names
    ]
    return errors


def _read(number: int, record: Mapping[Any, Any]) -> DeviceLine | list[LineError]:
    if None in record:
        return [LineError(number, None, "more cells than the header has", "too_many_cells")]
    if None in record.values():
        return [LineError(number, None, "fewer cells than the header has", "too_few_cells")]
    try:
        return DeviceLine.model_validate(record)
    except ValidationError as error:
        return [_line_error(number, each) for each in error.errors(include_url=False)]


def _line_error(number: int, error: Any) -> LineError:
    column = str(error["loc"][0]) if error["loc"] else None
    detail = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        detail = IN_WORDS.get(column or "", "must not have control characters")
    return LineError(number, column, detail, error["type"])


def _repeated(seen: dict[str, int], number: int, dev_eui: str) -> list[LineError]:
    first = seen.setdefault(dev_eui, number)
    if first == number:
        return []
    return [LineError(number, "dev_eui", f"stands in line {first} already", "repeated_device")]


def unknown_codecs(lines: Iterable[Numbered], known: frozenset[str]) -> list[LineError]:
    """Return an error for each line that names a codec that does not exist."""
    return [
        LineError(number, "codec_id", f"there is no codec {line.codec_id!r}", "unknown_codec")
        for number, line in lines
        if line.codec_id is not None and line.codec_id not in known
    ]


def write_lines(rows: Iterable[Mapping[str, Any]], *, header: bool) -> str:
    """Return devices as CSV lines, which read back are the same devices."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    if header:
        writer.writeheader()
    writer.writerows(_cells(rows))
    return text.getvalue()


def _cells(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {
            **{name: row[name] for name in COLUMNS if name in row},
            "codec_variables": of.write_pairs(row["codec_variables"]),
            "tags": of.write_pairs(row["tags"]),
            "retired": "yes" if row["retired_at"] else "",
        }

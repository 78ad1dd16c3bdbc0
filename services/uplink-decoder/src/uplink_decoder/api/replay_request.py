# SPDX-License-Identifier: EUPL-1.2
"""What a client may ask to be replayed, checked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from stadttakt_runtime.http.problem import ValidationFailed
from uplink_decoder.domain.selection import Selection
from uplink_decoder.domain.uplink import Flag
from uplink_decoder.replay.book import UnknownCodecError, chosen_codec
from uplink_decoder.storage.replays import Request

MAX_VERSION = 2_147_483_647
MAX_DEVICES = 10_000


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no time between the years 1 and 9999") from error


def _lower(value: object) -> object:
    # The Things Stack's ids keep their case by being lower-case.
    return value.lower() if isinstance(value, str) else value


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
DevEui = Annotated[
    str,
    BeforeValidator(_lower),
    StringConstraints(pattern=r"^([0-9a-f]{16}|tts/[^/\x00]+/[^/\x00]+)$", max_length=200),
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


class AssetFilter(BaseModel):
    """What a device watched when it sent."""

    model_config = ConfigDict(extra="forbid")

    kind: Word
    id: Word


class ReplayFilter(BaseModel):
    """Which uplinks; all that is given must hold, `from` is inclusive and `to` exclusive."""

    model_config = ConfigDict(extra="forbid", validate_by_name=False, validate_by_alias=True)

    dev_euis: Annotated[list[DevEui], Field(min_length=1, max_length=MAX_DEVICES)] | None = None
    codec_id: Word | None = Field(
        default=None, description="decoded with it, or from devices that have it now"
    )
    source: Word | None = None
    asset: AssetFilter | None = None
    flags: (
        Annotated[list[Flag], Field(min_length=1, max_length=len(Flag), description="any of them")]
        | None
    ) = None
    from_time: Moment | None = Field(default=None, alias="from")
    to_time: Moment | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> ReplayFilter:
        if self.from_time and self.to_time and self.from_time >= self.to_time:
            raise ValueError("from must be before to")
        return self

    def selection(self) -> Selection:
        """Return it as the domain has it."""
        asset = self.asset
        return Selection(
            dev_euis=tuple(dict.fromkeys(self.dev_euis or ())),
            codec_id=self.codec_id,
            source=self.source,
            asset_kind=asset.kind if asset else None,
            asset_id=asset.id if asset else None,
            flags=tuple(dict.fromkeys(flag.value for flag in self.flags or ())),
            from_time=self.from_time,
            to_time=self.to_time,
        )


class ReplayRequest(BaseModel):
    """A replay; with `codec_id` the uplinks are decoded with it instead of their devices' own.

    Everything stored is decoded again for real only where `everything` says so.
    """

    model_config = ConfigDict(extra="forbid")

    filter: ReplayFilter = ReplayFilter()
    everything: bool = False
    codec_id: Word | None = None
    codec_version: Annotated[int, Field(ge=1, le=MAX_VERSION)] | None = None
    dry_run: bool = False
    author_role: Word | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _fits(self) -> ReplayRequest:
        chosen = self.filter
        if self.codec_version is not None and self.codec_id is None:
            raise ValueError("codec_version needs codec_id")
        if self.codec_id and not (chosen.dev_euis or chosen.codec_id or chosen.asset):
            raise ValueError("with codec_id the filter must name dev_euis, codec_id or asset")
        is_named = bool(chosen.selection().document())
        if self.everything and is_named:
            raise ValueError("everything goes with an empty filter only")
        if not (is_named or self.everything or self.dry_run):
            raise ValueError("name something in the filter, or say everything: true")
        return self

    def asked_by(self, caller: str) -> Request:
        """Return the replay to be queued."""
        return Request(
            kind="manual",
            selection=self.filter.selection(),
            requested_by=caller,
            dry_run=self.dry_run,
            codec_id=self.codec_id,
            codec_version=self.codec_version,
            author_role=self.author_role,
            note=self.note,
        )


async def refuse_unknown_codec(connection: Any, request: ReplayRequest) -> None:
    """Raise a 422 problem where the codec to decode with does not exist."""
    if request.codec_id is None:
        return
    try:
        await chosen_codec(connection, request.codec_id, request.codec_version)
    except UnknownCodecError as error:
        where = {"in": "body", "field": "codec_id", "code": "unknown_codec"}
        raise ValidationFailed([{**where, "detail": str(error)}]) from error

# SPDX-License-Identifier: EUPL-1.2
"""Registering, changing and deleting one device."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, model_validator

from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.problem import NotFound, ValidationFailed
from uplink_decoder.api.device_views import DeviceView, device_view
from uplink_decoder.api.device_writing import (
    AssignmentOverlap,
    IfMatch,
    IfNoneMatch,
    InCityFolder,
    Writer,
    author_of,
    check_codec,
    check_preconditions,
    device_etag,
    writing,
)
from uplink_decoder.api.replay_request import Moment
from uplink_decoder.domain.periods import OverlapError
from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.registration import KEEP, Action, Keep, Owner, Step, Wish, fulfil
from uplink_decoder.registry import fields as of
from uplink_decoder.registry.sharing import joining_now, shared_bays
from uplink_decoder.registry.writing import write
from uplink_decoder.storage import devices, registry
from uplink_decoder.storage.registry import Author

router = APIRouter(prefix="/v1/devices", tags=["devices"])

RegisteredEui = Annotated[
    str, Path(pattern=r"^[0-9a-fA-F]{16}$", description="device EUI, hex in either case")
]


class AssetWrite(WriteModel):
    """What a device watches; `observes` takes one kind of observation where it could make several."""

    kind: of.AssetKind
    id: Annotated[str, Field(max_length=257)]
    observes: of.ObservationKind | None = None

    @model_validator(mode="after")
    def _fits(self) -> AssetWrite:
        self.asset()
        return self

    def asset(self) -> Asset:
        """Return the asset."""
        return of.check_asset(self.kind, self.id, self.observes)


class WatchedWrite(AssetWrite):
    """What a device watches from a time on."""

    valid_from: Moment | None = Field(
        None,
        description="left out: from now on; if it is the first that the device ever watches, and no"
        " other device has watched this bay, since always",
    )


class PlaceWrite(WriteModel):
    """Where a device is mounted, WGS 84 degrees."""

    lat: of.Latitude
    lon: of.Longitude


class DeviceWrite(WriteModel):
    """A device as it shall be; what is left out is empty, but `asset`, which then stays."""

    name: of.Name
    codec_id: of.CodecId | None = Field(None, description="a native or an uploaded codec")
    asset: WatchedWrite | None = Field(
        None, description="watched from then on; null: nothing; left out: as it is"
    )
    expected_interval_s: of.ExpectedInterval | None = None
    tags: of.Pairs = Field({})
    description: of.Description = ""
    maker: of.Label = ""
    model: of.Label = ""
    place: PlaceWrite | None = None
    codec_variables: of.Pairs = Field({}, description="what the codec gets as `variables`")
    retired: bool = False

    @model_validator(mode="after")
    def _fits(self) -> DeviceWrite:
        if self.retired and self.asset is not None:
            raise ValueError("a retired device watches nothing")
        return self

    def wish(self, dev_eui: str) -> Wish:
        """Return what the device shall be."""
        asset: Asset | Keep | None = KEEP
        if "asset" in self.model_fields_set and not self.retired:
            asset = self.asset.asset() if self.asset else None
        fields: dict[str, Any] = {
            "name": self.name,
            "codec_id": self.codec_id,
            "expected_interval_s": self.expected_interval_s,
            "tags": self.tags,
            "description": self.description,
            "maker": self.maker,
            "model": self.model,
            "lat": self.place.lat if self.place else None,
            "lon": self.place.lon if self.place else None,
            "codec_variables": self.codec_variables,
        }
        since = self.asset.valid_from if self.asset else None
        return Wish(
            dev_eui=dev_eui, fields=fields, asset=asset, since=since, is_retired=self.retired
        )


@router.put("/{dev_eui}", responses={201: {"model": DeviceView}}, response_model=DeviceView)
async def put_device(
    request: Request,
    dev_eui: RegisteredEui,
    body: DeviceWrite,
    principal: Writer,
    *,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Register a device, or change it; the same again changes nothing.

    Uplinks that it sent before are decoded within seconds. A device of the city folder becomes
    the operators': the folder does not undo the change (`owner`).
    """
    device, author = dev_eui.lower(), author_of(principal)
    async with writing(request) as connection:
        await check_codec(connection, body.codec_id)
        entry = (await registry.read_entries(connection, [device])).get(device)
        check_preconditions(entry, if_match, _only_create(if_none_match))
        entries = {device: entry} if entry else {}
        (wish,) = await joining_now(connection, entries, [body.wish(device)], author.at)
        try:
            step = fulfil(entry, wish, by=Owner.OPERATOR, now=author.at)
        except OverlapError as error:
            raise AssignmentOverlap(str(error)) from error
        await write(connection, [step], author)
        return await device_answer(connection, step, author)


def _only_create(if_none_match: str | None) -> str | None:
    if if_none_match is None or if_none_match.strip() == "*":
        return if_none_match
    detail = "only * is understood on writes"
    error = {"in": "header", "field": "If-None-Match", "detail": detail, "code": "invalid"}
    raise ValidationFailed([error])


async def device_answer(connection: Any, step: Step, author: Author) -> Response:
    """Return a device as it is after a write, 201 where it is new."""
    device = step.after.dev_eui
    (row,) = await devices.get_devices(connection, now=author.at, euis=[device])
    view = device_view(row)
    tag = device_etag(row["change"], view.model_dump_json().encode())
    view.warnings = [str(each) for each in await shared_bays(connection, [step], author.at)]
    content = view.model_dump_json().encode()
    headers = {"etag": tag}
    is_new = step.action == Action.CREATED
    if is_new:
        headers["location"] = f"/v1/devices/{device}"
    return Response(content, 201 if is_new else 200, headers, media_type="application/json")


@router.delete("/{dev_eui}", status_code=204)
async def delete_device(
    request: Request, dev_eui: RegisteredEui, principal: Writer, *, if_match: IfMatch = None
) -> None:
    """Delete a device that was registered by mistake; its uplinks and observations stay.

    If it sends again it is listed as `unknown`. What left the city is better retired. 409 for a
    device that stands in the city folder: the next apply would bring it back.
    """
    device, author = dev_eui.lower(), author_of(principal)
    async with writing(request) as connection:
        entry = (await registry.read_entries(connection, [device])).get(device)
        if entry is None:
            raise NotFound(f"there is no device {device}")
        if if_match is not None:
            check_preconditions(entry, if_match)
        if entry.in_folder:
            raise InCityFolder("take its line out of devices.csv and apply, or retire it")
        await registry.write(connection, [Step(Action.DELETED, entry, entry)], author)

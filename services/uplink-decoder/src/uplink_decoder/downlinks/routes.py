# SPDX-License-Identifier: EUPL-1.2
"""Where a device's downlinks go: learned from its newest uplink and what webhooks tell."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from pydantic import SecretStr

from uplink_decoder.sources import Source, SourceTable

REMEMBERED = 50_000
_PUSH_URL = re.compile(
    r"https://[^/?#@\s]+/api/v3/as/applications/(?P<application>[a-z0-9-]+)/webhooks/[a-z0-9-]+"
    r"/devices/(?P<device>[a-z0-9-]+)/down/push"
)
_LEVEL = re.compile(r"[^/+#\x00-\x1f]{1,200}")


class MqttRoute(NamedTuple):
    """A topic at the source's broker."""

    source: Source
    topic: str
    alias: str | None = None


class PushRoute(NamedTuple):
    """The address that a webhook of The Things Stack gave for this device, with its key."""

    source: Source
    url: str
    api_key: SecretStr
    alias: str


Route = MqttRoute | PushRoute


class _DeviceInfo(msgspec.Struct, rename="camel"):
    application_id: str = ""
    dev_eui: str = ""


class _ApplicationIds(msgspec.Struct):
    application_id: str = ""


class _DeviceIds(msgspec.Struct):
    device_id: str = ""
    application_ids: _ApplicationIds = msgspec.field(default_factory=_ApplicationIds)


class _NetworkIds(msgspec.Struct):
    tenant_id: str = ""


class _UplinkMessage(msgspec.Struct):
    network_ids: _NetworkIds = msgspec.field(default_factory=_NetworkIds)


class _Raw(msgspec.Struct):
    device_info: _DeviceInfo = msgspec.field(default_factory=_DeviceInfo, name="deviceInfo")
    end_device_ids: _DeviceIds = msgspec.field(default_factory=_DeviceIds)
    uplink_message: _UplinkMessage = msgspec.field(default_factory=_UplinkMessage)


_decoder = msgspec.json.Decoder(_Raw)


class PushAddresses:
    """What webhooks of The Things Stack told about answering; in memory only, for it is secret."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, str], PushRoute] = OrderedDict()

    def learn(self, source: Source, url: str, api_key: str) -> bool:
        """Keep a device's push address; false for one that is not of The Things Stack over TLS."""
        found = _PUSH_URL.fullmatch(url)
        if found is None:
            return False
        key = (source.source_id, found["application"], found["device"])
        alias = f"tts/{found['application']}/{found['device']}"
        self._known[key] = PushRoute(source, url, SecretStr(api_key), alias)
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return True

    def of(self, source: Source, application: str, device: str) -> PushRoute | None:
        """Return the address for a device, if its source's webhook told one since the start."""
        return self._known.get((source.source_id, application, device))


def find_route(
    uplink: Mapping[str, Any] | None, sources: SourceTable, pushes: PushAddresses
) -> Route | None:
    """Return how to reach the device that sent this uplink (source and raw message)."""
    if uplink is None:
        return None
    source = next((s for s in sources.sources if s.source_id == uplink["source_id"]), None)
    if source is None:
        return None
    try:
        raw = _decoder.decode(uplink["raw"])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if source.dialect == "chirpstack":
        info = raw.device_info
        topic = _topic(
            source,
            ("application", info.application_id, "device", info.dev_eui.lower()),
            ("command", "down"),
        )
        return MqttRoute(source, topic) if topic else None
    return _tts_route(source, raw, pushes)


def _tts_route(source: Source, raw: _Raw, pushes: PushAddresses) -> Route | None:
    ids, tenant = raw.end_device_ids, raw.uplink_message.network_ids.tenant_id
    application = ids.application_ids.application_id
    # A webhook that is in use is the surer way: the broker may be a mere copy.
    if push := pushes.of(source, application, ids.device_id):
        return push
    user = f"{application}@{tenant}" if application and tenant else application
    topic = _topic(source, ("v3", user, "devices", ids.device_id), ("down", "push"))
    alias = f"tts/{application}/{ids.device_id}".lower()
    return MqttRoute(source, topic, alias) if topic else None


def _topic(source: Source, device: Sequence[str], command: Sequence[str]) -> str | None:
    """Return the command topic below whatever prefix the source's filters have.

    The levels of a filter that are no wildcard win over what the message says: they are what the
    broker really uses.
    """
    for topic_filter in source.topics:
        pattern = topic_filter.split("/")
        place = pattern.index(device[0]) if device[0] in pattern else 0
        prefix, rest = pattern[:place], pattern[place:]
        given = [*rest[: len(device)], *["+"] * len(device)][: len(device)]
        levels = [
            ours if theirs in {"+", "#"} else theirs
            for ours, theirs in zip(device, given, strict=True)
        ]
        fits = levels[0] == device[0] and levels[2] == device[2]
        if fits and all(_LEVEL.fullmatch(level) for level in (*prefix, *levels)):
            return "/".join([*prefix, *levels, *command])
    return None

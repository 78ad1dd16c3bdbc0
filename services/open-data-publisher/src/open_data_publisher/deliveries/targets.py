# SPDX-License-Identifier: EUPL-1.2
"""Reads to whom a city delivers: `opendata/targets.yaml`; secrets are named by file, never given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from open_data_publisher.domain.deliveries import Offer
from open_data_publisher.feeds.catalogue import BY_ID
from stadttakt_runtime.city_files import Located, read_yaml_list_and_block

FILE = Path("opendata") / "targets.yaml"
Kind = Literal["mobilithek", "parkapi"]
TargetId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Publication = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]
Network = Annotated[str, StringConstraints(min_length=2, max_length=60)]

PARKAPI_PATHS = {
    "parkapi-v3-parking-sites": "/api/admin/v1/parking-sites/upsert-list",
    # One request a bay would be the only other way; a source with a converter of its own takes all.
    "parkapi-v3-parking-spots": "/api/admin/v1/generic/json",
}
LIVE_AT_LEAST_MIN, STATIC_AT_LEAST_MIN, LIVE_AT_MOST_S = 10, 1440, 60


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CertificateEntry(_Entry):
    """A client certificate: one `.p12`, or two PEM files; `password_file` opens it or the key."""

    p12_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> CertificateEntry:
        if (self.p12_file is None) == (self.cert_file is None) or (self.cert_file is None) != (
            self.key_file is None
        ):
            raise ValueError("give p12_file, or cert_file and key_file")
        return self


class OfferEntry(_Entry):
    """A feed for a target; `publication_id` is the Mobilithek's, `path` only a ParkAPI's."""

    feed: str
    publication_id: Publication | None = None
    path: Annotated[str, StringConstraints(pattern=r"^/[^\s?#]{0,300}$")] | None = None
    at_least_every_min: Annotated[int, Field(ge=1, le=10_080)] | None = None
    at_most_every_s: Annotated[int, Field(ge=1, le=86_400)] | None = None


class TargetEntry(_Entry):
    """Somebody who is delivered to."""

    target_id: TargetId
    kind: Kind
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")]
    certificate: CertificateEntry | None = None
    username: Name | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: Annotated[float, Field(ge=0.1, le=600)] = 60.0
    gzip: bool = False
    simulated: bool = False
    offers: Annotated[list[OfferEntry], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _fits_its_kind(self) -> TargetEntry:
        near = _is_near(urlsplit(self.url).hostname or "")
        if self.url.startswith("http:") and not near:
            raise ValueError("url: https is needed outside of one's own network")
        if self.simulated and not near:
            raise ValueError("simulated: nothing simulated leaves one's own network")
        if self.kind == "mobilithek" and self.certificate is None:
            raise ValueError("certificate: the Mobilithek asks for one")
        if self.kind == "parkapi" and (self.username is None or self.password_file is None):
            raise ValueError("username and password_file: a ParkAPI asks for both")
        return self


class PullEntry(_Entry):
    """Who may fetch what from here; the reverse proxy, at one of `proxies`, hands on `header`."""

    header: Header = "X-Client-Cert"
    proxies: Annotated[list[Network], Field(min_length=1)] = Field(default=["127.0.0.1/32"])
    ca_file: Path
    common_names: Annotated[list[Name], Field(min_length=1)]
    feeds: Annotated[list[str], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Target:
    """A target with its offers; paths of secrets are whole."""

    entry: TargetEntry
    offers: tuple[Offer, ...]
    secrets: Path | None

    @property
    def target_id(self) -> str:
        """The target's name in rows, alerts and metrics."""
        return self.entry.target_id

    @property
    def feeds(self) -> list[str]:
        """The feeds that are offered."""
        return [offer.feed_id for offer in self.offers]

    def offer(self, feed_id: str) -> Offer | None:
        """Return the offer of a feed."""
        return next((each for each in self.offers if each.feed_id == feed_id), None)

    def file(self, name: Path) -> Path:
        """Return where a file with a secret lies: a whole path, or a name in the secrets' folder."""
        return self.secrets / name if self.secrets is not None else name


@dataclass(frozen=True, slots=True)
class Targets:
    """All that a city declares of deliveries; without a file nothing."""

    targets: tuple[Target, ...] = ()
    pull: PullEntry | None = None
    secrets: Path | None = None

    def find(self, target_id: str) -> Target | None:
        """Return a target."""
        return next((each for each in self.targets if each.target_id == target_id), None)


def read_targets(file: Path, secrets: Path | None) -> Targets:
    """Return the targets of a file, none where it is absent.

    Raises CityError, naming file, line and what is wrong.
    """
    if not file.exists():
        return Targets()
    rows, block = read_yaml_list_and_block(file, "targets", "pull")
    found = [_target(row, secrets) for row in rows]
    names = [each.target_id for each in found]
    for row, name in zip(rows, names, strict=True):
        if names.count(name) > 1:
            raise row.error(f"target_id {name} is given twice", ("target_id",))
    return Targets(tuple(found), _pull(block), secrets)


def _target(row: Located, secrets: Path | None) -> Target:
    entry = row.parse(TargetEntry)
    feeds = [offer.feed for offer in entry.offers]
    for number, offer in enumerate(entry.offers):
        where = ("offers", number, "feed")
        if offer.feed not in BY_ID:
            raise row.error(f"there is no feed {offer.feed!r}: {', '.join(BY_ID)}", where)
        if feeds.count(offer.feed) > 1:
            raise row.error(f"{offer.feed} is offered twice", where)
    return Target(entry, tuple(_offer(row, n, entry) for n in range(len(feeds))), secrets)


def _offer(row: Located, number: int, entry: TargetEntry) -> Offer:
    offer = entry.offers[number]
    static = BY_ID[offer.feed].is_static
    default = STATIC_AT_LEAST_MIN if static else LIVE_AT_LEAST_MIN
    return Offer(
        feed_id=offer.feed,
        path=_path(row, number, entry),
        is_static=static,
        at_least_every=timedelta(minutes=offer.at_least_every_min or default),
        at_most_every=timedelta(
            seconds=0 if static else offer.at_most_every_s or LIVE_AT_MOST_S,
        ),
    )


def _path(row: Located, number: int, entry: TargetEntry) -> str:
    offer, where = entry.offers[number], ("offers", number)
    if entry.kind == "mobilithek":
        if offer.publication_id is None or offer.path is not None:
            raise row.error("an offer of the Mobilithek has a publication_id and no path", where)
        return f"/publication/{offer.publication_id}"
    path = offer.path or PARKAPI_PATHS.get(offer.feed)
    if path is None or offer.publication_id is not None:
        raise row.error(
            "a ParkAPI takes its own feeds, at a path and without publication_id", where
        )
    return path


def _pull(block: Located | None) -> PullEntry | None:
    if block is None:
        return None
    entry = block.parse(PullEntry)
    for number, feed in enumerate(entry.feeds):
        if feed not in BY_ID:
            raise block.error(f"there is no feed {feed!r}", ("feeds", number))
    for number, network in enumerate(entry.proxies):
        try:
            ip_network(network)
        except ValueError as error:
            raise block.error(f"proxies: {error}", ("proxies", number)) from error
    return entry


def _is_near(host: str) -> bool:
    """Tell whether a host is this machine or one of its own network."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".internal"))
    return address.is_loopback or address.is_private

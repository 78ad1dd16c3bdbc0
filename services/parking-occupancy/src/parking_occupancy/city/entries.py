# SPDX-License-Identifier: EUPL-1.2
"""The forms of `lots.yaml`, `bays.csv` and `signs.yaml`; docs/reference/city-folder.md."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from parking_occupancy.city.closures import Closures
from parking_occupancy.city.gates import BalancingEntry
from parking_occupancy.city.restrictions import Groups, HoursText, Minutes
from parking_occupancy.domain.lot import Detection
from parking_occupancy.domain.restrictions import BayKind, Orientation
from parking_occupancy.domain.sign import ALTERNATIVE, MAX_TEXT_BYTES, NUMBER, Texts
from parking_occupancy.domain.thresholds import Thresholds
from stadttakt_messages.states import Latitude, Longitude

LotIdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,100}$")]
KeyIdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
AssetIdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Seconds = Annotated[float, Field(gt=0, le=10_000_000)]
_USUAL = Texts()


def _listed(value: object) -> object:
    """Return `a;b` of a CSV cell as a list."""
    return [each.strip() for each in value.split(";")] if isinstance(value, str) else value


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FlappingEntry(_Entry):
    """More changes of a bay than vehicles make, and how long it must be calm to be believed."""

    changes: Annotated[int, Field(ge=3, le=50, strict=True)] = 6
    within_s: Annotated[float, Field(ge=10, le=3600)] = 120
    calm_s: Annotated[float, Field(ge=1, le=86_400)] = 900


class LotRestrictionEntry(_Entry):
    """How long these user groups may stay, at these hours or always."""

    groups: Groups = (BayKind.GENERAL,)
    max_stay_min: Minutes | None = None
    hours: HoursText | None = None


class ThresholdsEntry(_Entry):
    """Thresholds of a lot or a sign in vacant places."""

    full_at: Annotated[int, Field(strict=True)]
    full_left_at: Annotated[int, Field(strict=True)]
    almost_full_at: Annotated[int, Field(strict=True)]
    almost_full_left_at: Annotated[int, Field(strict=True)]

    @model_validator(mode="after")
    def _settle(self) -> Self:
        Thresholds(**self.model_dump())
        return self


class LotEntry(_Entry):
    """One lot of `lots.yaml`."""

    lot_id: LotIdText
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    capacity: Annotated[int, Field(ge=0, le=100_000, strict=True)]
    detection: Detection
    lat: Latitude
    lon: Longitude
    opening: Annotated[str, StringConstraints(min_length=1, max_length=500)] = "24/7"
    reserve: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 0
    heartbeat_limit_s: Seconds
    unknown_limit: Annotated[float, Field(ge=0, le=1)] = 0.2
    alternative: LotIdText | None = None
    alternatives: Annotated[tuple[LotIdText, ...], Field(max_length=20)] = ()
    balancing: BalancingEntry | None = None
    closures: Closures = []
    flapping: FlappingEntry | None = None
    contradiction_grace_s: Annotated[float, Field(ge=0, le=3600)] = 120
    max_height_cm: Annotated[int, Field(ge=50, le=1000, strict=True)] | None = None
    max_width_cm: Annotated[int, Field(ge=50, le=1000, strict=True)] | None = None
    restrictions: Annotated[tuple[LotRestrictionEntry, ...], Field(max_length=50)] = ()
    max_stay_min: Minutes | None = None
    thresholds: ThresholdsEntry | None = None

    @model_validator(mode="after")
    def _counted_as_said(self) -> Self:
        """Gates and detection must say the same; a lot set by hand needs no more than that."""
        gates = bool(self.balancing and self.balancing.gates)
        if self.detection in ("balancing", "mixed") and not gates:
            raise ValueError(f"detection {self.detection} needs balancing.gates")
        if self.detection == "single_bay" and self.balancing is not None:
            raise ValueError("balancing has no place beside detection single_bay")
        if self.detection == "manual" and gates:
            raise ValueError("a lot with gates is balancing or mixed")
        return self

    @model_validator(mode="after")
    def _recommends_each_once(self) -> Self:
        if self.alternative is not None and self.alternatives:
            raise ValueError("alternative or alternatives, one of them")
        if len(set(self.alternatives)) != len(self.alternatives):
            raise ValueError("alternatives: a lot stands there twice")
        return self

    @property
    def recommended(self) -> tuple[str, ...]:
        """Return the lots to recommend when this one is full, in their order."""
        return self.alternatives or ((self.alternative,) if self.alternative else ())

    def row(self, timezone: str, region: str = "") -> dict[str, Any]:
        """Return what is stored of the lot; whose holidays hold is the region's matter."""
        fields = self.model_dump(
            exclude={
                *("heartbeat_limit_s", "balancing", "closures", "alternative"),
                "contradiction_grace_s",
            }
        )
        fields["grace_s"] = self.contradiction_grace_s
        fields["alternatives"] = self.recommended
        rules = self.balancing or (BalancingEntry() if self.detection == "manual" else None)
        stored = rules.row(self.capacity, self.heartbeat_limit_s, timezone) if rules else None
        closures = [each.row(timezone) for each in self.closures]
        hours = {"timezone": timezone, "region": region, "closures": closures}
        restrictions = [each.model_dump(mode="json") for each in self.restrictions] or None
        return {**fields, "balancing": stored, "hours": hours, "restrictions": restrictions}


class BayEntry(_Entry):
    """One line of `bays.csv`."""

    bay_id: AssetIdText
    lot_id: LotIdText
    kind: BayKind
    lat: Latitude
    lon: Longitude
    heartbeat_limit_s: Seconds | None = None
    groups: Annotated[Groups | None, BeforeValidator(_listed)] = None
    max_stay_min: Annotated[int, Field(ge=1, le=525_600)] | None = None
    orientation: Orientation | None = None


class TextsEntry(_Entry):
    """Texts of a sign; `{free}` only where there is a number."""

    free: str = _USUAL.free
    almost_full: str = _USUAL.almost_full
    full: str = _USUAL.full
    closed: str = _USUAL.closed
    unknown: str = _USUAL.unknown
    full_alone: str = _USUAL.full_alone

    @model_validator(mode="after")
    def _showable(self) -> Self:
        for state, text in self.model_dump().items():
            if any(unicodedata.category(character).startswith("C") for character in text):
                raise ValueError(f"{state}: control characters cannot be shown")
            if state in ("closed", "unknown") and NUMBER in text:
                raise ValueError(f"{state}: there is no number to show for {NUMBER}")
            left = text.replace(NUMBER, "")
            if state == "full":
                left = left.replace(ALTERNATIVE, "")
            elif ALTERNATIVE in text:
                raise ValueError(f"{state}: {ALTERNATIVE} has a place in full alone")
            if set("{}") & set(left):
                raise ValueError(f"{state}: the only placeholder is {NUMBER}")
        return self

    def too_long(self, capacity: int, recommended: Iterable[str] = ()) -> str | None:
        """Return the state whose text exceeds 63 bytes with the largest number and name, if any."""
        shown = self._longest(capacity, recommended, lambda text: len(text.encode()))
        return next((s for s, text in shown if len(text.encode()) > MAX_TEXT_BYTES), None)

    def too_wide(self, most: int, capacity: int, recommended: Iterable[str] = ()) -> str | None:
        """Return the state whose text has more characters than the sign, if any."""
        shown = self._longest(capacity, recommended, len)
        return next((state for state, text in shown if len(text) > most), None)

    def _longest(
        self, capacity: int, recommended: Iterable[str], size: Callable[[str], int]
    ) -> Iterator[tuple[str, str]]:
        longest = max(recommended, key=size, default="")
        for state, text in self.model_dump().items():
            yield state, text.replace(NUMBER, str(capacity)).replace(ALTERNATIVE, longest)


class SignEntry(_Entry):
    """One sign of `signs.yaml`."""

    sign_id: AssetIdText
    lot_id: LotIdText
    lat: Latitude
    lon: Longitude
    min_dwell_s: Annotated[float, Field(ge=0, le=3600)] = 60
    stale_after_s: Seconds = 900
    hold_s: Annotated[float, Field(ge=1, le=86_400)] = 120
    thresholds: ThresholdsEntry | None = None
    texts: TextsEntry = TextsEntry()
    max_characters: Annotated[int, Field(ge=1, le=63, strict=True)] | None = None
    signing: KeyIdText | None = None

# SPDX-License-Identifier: EUPL-1.2
"""For which assets a source may speak."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from uplink_decoder.domain.readings import Asset

AssetKind = Literal["bay", "lot_gate", "vehicle", "environment"]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
REMEMBERED = 65_536


class Grant(BaseModel):
    """Assets of these kinds whose id fits one of these patterns; `*` is any text, `?` one sign.

    What is left out is no restriction. A pattern for gates without `/` names a lot: all its gates.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[AssetKind, ...] | None = None
    assets: tuple[Pattern, ...] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Grant:
        if self.kinds is None and self.assets is None:
            raise ValueError("say kinds or assets, or `rights: all`")
        return self

    def covers(self, asset: Asset) -> bool:
        """Tell whether an asset is among these."""
        if self.kinds is not None and asset.kind not in self.kinds:
            return False
        return self.assets is None or any(_fits(asset, pattern) for pattern in self.assets)


def any_covers(grants: Sequence[Grant], asset: Asset) -> bool:
    """Tell whether one of several grants covers an asset."""
    return any(grant.covers(asset) for grant in grants)


@lru_cache(REMEMBERED)
def _fits(asset: Asset, pattern: str) -> bool:
    asset_id = asset.asset_id
    if asset.kind == "lot_gate" and "/" not in pattern:
        asset_id = asset_id.partition("/")[0]
    return fnmatchcase(asset_id, pattern)

# SPDX-License-Identifier: EUPL-1.2
"""The bays, lots and signs of a city and what depends on what; holds no state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from parking_occupancy.domain.bay import Bay
from parking_occupancy.domain.lot import Lot
from parking_occupancy.domain.sign import Sign
from parking_occupancy.domain.signing import SigningKey
from stadttakt_messages.base import BayId, LotId, SignId


@dataclass(frozen=True, slots=True)
class City:
    """Everything configured.

    `signs_of` a lot are those that count or recommend it; `counted_at_gates` are the lots with gates.
    """

    bays: Mapping[BayId, Bay]
    lots: Mapping[LotId, Lot]
    signs: Mapping[SignId, Sign]
    bays_of: Mapping[LotId, tuple[BayId, ...]]
    signs_of: Mapping[LotId, tuple[SignId, ...]]
    signing_keys: Mapping[str, SigningKey] = field(default_factory=dict)
    counted_at_gates: frozenset[LotId] = frozenset()

    @classmethod
    def of(
        cls,
        bays: Iterable[Bay],
        lots: Iterable[Lot],
        signs: Iterable[Sign],
        signing_keys: Iterable[SigningKey] = (),
    ) -> Self:
        """Return the city of these parts; ids of lots that parts name must be there."""
        by_bay = {bay.bay_id: bay for bay in bays}
        by_lot = {lot.lot_id: lot for lot in lots}
        by_sign = {sign.sign_id: sign for sign in signs}
        bays_of: defaultdict[LotId, list[BayId]] = defaultdict(list)
        for bay in by_bay.values():
            bays_of[bay.lot_id].append(bay.bay_id)
        signs_of: defaultdict[LotId, list[SignId]] = defaultdict(list)
        for sign in by_sign.values():
            signs_of[sign.lot_id].append(sign.sign_id)
            for alternative in by_lot[sign.lot_id].alternatives:
                signs_of[alternative].append(sign.sign_id)
        return cls(
            bays=by_bay,
            lots=by_lot,
            signs=by_sign,
            bays_of={lot_id: tuple(ids) for lot_id, ids in bays_of.items()},
            signs_of={lot_id: tuple(ids) for lot_id, ids in signs_of.items()},
            signing_keys={key.key_id: key for key in signing_keys},
            counted_at_gates=frozenset(
                lot.lot_id for lot in by_lot.values() if lot.balancing is not None
            ),
        )

# SPDX-License-Identifier: EUPL-1.2
"""The registry of encoders by codec id; each module beside it owns one device's byte layout."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stadttakt_simulators.lorawan.encoders import (
    bosch_tps110,
    dingtek_do200,
    esp32_paxcounter,
    libelium_smart_parking,
    milesight_vs133,
    milesight_vs350,
    netvox_r719a,
    nwave_nps310,
    nwave_nps405,
    pni_placepod,
    tekzitel_tekzipark,
)
from stadttakt_simulators.lorawan.encoders.model import BayEncoder, GateEncoder, PresenceEncoder

BAY_ENCODERS: Mapping[str, BayEncoder] = MappingProxyType(
    {
        "bosch-tps110": bosch_tps110.encode,
        "nwave-nps310": nwave_nps310.encode,
        "nwave-nps405": nwave_nps405.encode,
        "pni-placepod": pni_placepod.encode,
        "libelium-smart-parking": libelium_smart_parking.encode,
        "tekzitel-tekzipark": tekzitel_tekzipark.encode,
        "netvox-r719a": netvox_r719a.encode,
        "dingtek-do200": dingtek_do200.encode,
    }
)
GATE_ENCODERS: Mapping[str, GateEncoder] = MappingProxyType(
    {"milesight-vs133": milesight_vs133.encode, "milesight-vs350": milesight_vs350.encode}
)
PRESENCE_ENCODERS: Mapping[str, PresenceEncoder] = MappingProxyType(
    {"esp32-paxcounter": esp32_paxcounter.encode}
)

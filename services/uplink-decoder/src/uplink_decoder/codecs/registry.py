# SPDX-License-Identifier: EUPL-1.2
"""The native codecs this build ships, by codec id; owns no codec."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from uplink_decoder.codecs import (
    bosch_tps110,
    dingtek_do200,
    esp32_paxcounter,
    esp32_paxcounter_plain,
    libelium_smart_parking,
    milesight_em300_th,
    milesight_vs133,
    milesight_vs350,
    netvox_r719a,
    nwave_ncc405,
    nwave_nps310,
    nwave_nps405,
    pni_placepod,
    tekzitel_tekzipark,
)
from uplink_decoder.codecs.model import Codec

_DEVICES = (
    bosch_tps110,
    dingtek_do200,
    esp32_paxcounter,
    esp32_paxcounter_plain,
    libelium_smart_parking,
    milesight_em300_th,
    milesight_vs133,
    milesight_vs350,
    netvox_r719a,
    nwave_ncc405,
    nwave_nps310,
    nwave_nps405,
    pni_placepod,
    tekzitel_tekzipark,
)

NATIVE_CODECS: Mapping[str, Codec] = MappingProxyType(
    {device.CODEC.codec_id: device.CODEC for device in _DEVICES}
)

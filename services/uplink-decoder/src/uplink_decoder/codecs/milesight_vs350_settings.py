# SPDX-License-Identifier: EUPL-1.2
"""The settings a Milesight VS350 repeats after a downlink; owns no counters."""

from __future__ import annotations

from uplink_decoder.codecs.milesight_device import settings, settings_with_result
from uplink_decoder.codecs.milesight_tlv import Channels

ANSWERS: Channels = settings(
    {
        0x06: ("alarm", {"selector": 1, "threshold_out": 2, "threshold_in": 2, "_": 4}),
        0x10: ("reboot", {"_": 1}),
        0x28: ("report_status", {"_": 1}),
        # The key of device-to-device radio is a secret and stays in the raw bytes.
        0x35: ("device_to_device_key", {"_": 8}),
        0x4A: ("synchronise_time", {"_": 1}),
        0x68: ("history", {"history": 1}),
        0x69: ("retransmission", {"retransmission": 1}),
        0x6A: ("retransmission_interval", {"which": 1, "interval_s": 2}),
        0x6B: ("stop_transmission", {"_": 1}),
        0x6D: ("stop_transmission", {"_": 1}),
        0x84: ("device_to_device", {"device_to_device": 1}),
        0x8E: ("report_interval_min", {"_": 1, "report_interval_min": 2}),
        0x96: (
            "device_to_device_master",
            {
                "mode": 1,
                "enabled": 1,
                "lora_uplink": 1,
                "command": 2,
                "time_min": 2,
                "time_enabled": 1,
            },
        ),
        0xA6: ("reset_totals", {"reset_totals": 1}),
        0xA7: ("reset_totals_interval_min", {"reset_totals_interval_min": 2}),
        0xA8: ("reset_total_now", {"reset_total_now": 1}),
        0xA9: ("report_totals", {"report_totals": 1}),
        0xAA: ("report_temperature", {"report_temperature": 1}),
        0xAB: ("temperature_calibration", {"enabled": 1, "offset_tenth_c": -2}),
        0xAC: (
            "installation",
            {
                "method": 1,
                "height_dm": 1,
                "compensation": -1,
                "sensitivity_report": 1,
                "manual_gain_db": 1,
            },
        ),
        0xAD: ("people_threshold_trigger", {"people_threshold_trigger": 1}),
        0xBD: ("time_zone_min", {"time_zone_min": -2}),
        0xEF: ("reset_totals_daily", {"enabled": 1, "hour": 1, "minute": 1}),
    }
) | settings_with_result({0x10: ("report_type", {"report_type": 1})})

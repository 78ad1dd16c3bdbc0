# SPDX-License-Identifier: EUPL-1.2
"""The settings a Milesight VS133 repeats after a downlink; owns no counters."""

from __future__ import annotations

from uplink_decoder.codecs.milesight_device import settings, settings_with_result
from uplink_decoder.codecs.milesight_tlv import Channels

ANSWERS: Channels = settings(
    {
        0x03: ("report_interval_s", {"report_interval_s": 2}),
        0x04: ("confirmed_mode", {"confirmed_mode": 1}),
        0x10: ("reboot", {"_": 1}),
        0x11: ("clock_epoch_s", {"clock_epoch_s": 4}),
        0x27: ("clear_history", {"_": 1}),
        0x40: ("adaptive_data_rate", {"adaptive_data_rate": 1}),
        0x42: ("wifi", {"wifi": 1}),
        0x43: ("periodic_report", {"periodic_report": 1}),
        0x44: ("trigger_report", {"trigger_report": 1}),
        0x51: ("clear_totals", {"_": 1}),
        0x68: ("history", {"history": 1}),
        0x69: ("retransmission", {"retransmission": 1}),
        0x6A: ("retransmission_interval", {"which": 1, "interval_s": 2}),
        0x6D: ("stop_transmission", {"_": 1}),
    }
) | settings_with_result(
    {
        0x84: ("time_synchronisation", {"enabled": 1, "period_min": 2}),
        0x85: ("rejoin", {"enabled": 1, "max_count": 1}),
        0x86: ("data_rate", {"data_rate": 1}),
        0x87: ("transmit_power_level", {"transmit_power_level": 1}),
        0x88: ("logging", {"console_level": 1, "file_level": 1}),
    }
)

# SPDX-License-Identifier: EUPL-1.2
"""The decoder's alerts, in the form that all services share."""

from __future__ import annotations

from stadttakt_runtime.alerts import alert_table
from uplink_decoder.tables.columns import metadata

alert = alert_table(metadata)

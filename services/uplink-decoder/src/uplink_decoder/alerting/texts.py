# SPDX-License-Identifier: EUPL-1.2
"""The decoder's alerts: kinds, sentences and details; what stays true while they last; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stadttakt_messages.notices import AlertText, Detail
from stadttakt_runtime.alerts import Condition, Severity, plain_id

DEVICE_SILENT = "device-silent"
DEVICES_SILENT = "devices-silent"
SOURCE_SILENT = "source-silent"
GATEWAY_SILENT = "gateway-silent"
RADIO_LOSS = "radio-loss"
CODEC_ERRORS = "codec-errors"
BATTERY_LOW = "battery-low"
BATTERY_ENDS_SOON = "battery-ends-soon"
LEDGER_GAP = "ledger-gap"


def device_silent(row: Any, *, simulated: bool) -> Condition:
    """A device that is overdue."""
    return _of_device(
        DEVICE_SILENT,
        row,
        Severity.WARNING,
        f"Sensor {row['name']} meldet sich nicht",
        f"Sensor {row['name']} is not heard",
        details={
            "last_seen": time_text(row["last_seen"]),
            "expected_interval_s": row["expected_interval_s"],
        },
        simulated=simulated,
    )


def devices_silent(source_id: str, at_least: int, *, simulated: bool) -> Condition:
    """Many devices of one source went silent together, and neither source nor gateway explains it."""
    return Condition(
        DEVICES_SILENT,
        plain_id(source_id),
        Severity.CRITICAL,
        AlertText(
            de=f"Mindestens {at_least} Sensoren der Quelle {source_id} schweigen gleichzeitig",
            en=f"At least {at_least} sensors of source {source_id} are silent at the same time",
        ),
        {"source": source_id, "devices_at_least": at_least},
        simulated=simulated,
    )


def source_silent(row: Any, last_seen: str, *, simulated: bool) -> Condition:
    """A source of which nothing comes any more."""
    source_id, devices = row["source_id"], row["devices"]
    return Condition(
        SOURCE_SILENT,
        plain_id(source_id),
        Severity.INFO if simulated else Severity.CRITICAL,
        AlertText(
            de=f"Von der Quelle {source_id} mit {devices} Sensoren kommt nichts mehr",
            en=f"Nothing comes from source {source_id} with {devices} sensors any more",
        ),
        {"source": source_id, "devices": devices, "last_seen": last_seen},
        simulated=simulated,
    )


def gateway_silent(row: Any) -> Condition:
    """A gateway that hears nothing any more."""
    gateway_id = row["gateway_id"]
    return Condition(
        GATEWAY_SILENT,
        plain_id(gateway_id),
        Severity.WARNING,
        AlertText(
            de=f"Das Gateway {gateway_id} empfängt nichts mehr",
            en=f"Gateway {gateway_id} hears nothing any more",
        ),
        {
            "gateway_id": gateway_id,
            "devices_the_day_before": row["devices"],
            "last_seen": time_text(row["last_seen"]),
        },
        simulated=row["simulated"],
    )


def radio_loss(row: Any, at_least: int, *, simulated: bool) -> Condition:
    """A device that loses many frames one by one."""
    return _of_device(
        RADIO_LOSS,
        row,
        Severity.WARNING,
        f"Sensor {row['name']} verliert mindestens {at_least} % seiner Meldungen auf dem Funkweg",
        f"Sensor {row['name']} loses at least {at_least} % of its frames on the air",
        details={"percent_at_least": at_least},
        simulated=simulated,
    )


def codec_errors(codec_id: str, at_least: int, example: str, *, simulated: bool) -> Condition:
    """A codec that refuses what devices send."""
    return Condition(
        CODEC_ERRORS,
        plain_id(codec_id),
        Severity.WARNING,
        AlertText(
            de=f"Codec {codec_id} kann Meldungen von mindestens {at_least} Sensoren nicht lesen",
            en=f"Codec {codec_id} cannot read messages of at least {at_least} sensors",
        ),
        {"codec_id": codec_id, "devices_at_least": at_least, "example": example},
        simulated=simulated,
    )


def battery_low(row: Any, *, simulated: bool) -> Condition:
    """A battery near its end by what the device says."""
    return _of_device(
        BATTERY_LOW,
        row,
        Severity.WARNING,
        f"Die Batterie von Sensor {row['name']} ist schwach",
        f"The battery of sensor {row['name']} is low",
        details={},
        simulated=simulated,
    )


def battery_ends_soon(row: Any, month: str, *, simulated: bool) -> Condition:
    """A battery that ends soon by its trend."""
    return _of_device(
        BATTERY_ENDS_SOON,
        row,
        Severity.INFO,
        f"Die Batterie von Sensor {row['name']} reicht voraussichtlich bis {month}",
        f"The battery of sensor {row['name']} is expected to last until {month}",
        details={"ends_in": month},
        simulated=simulated,
    )


def ledger_gap(source_id: str, gap: int) -> Condition:
    """Messages that came in and are nowhere accounted for: a fault of ours."""
    return Condition(
        LEDGER_GAP,
        plain_id(source_id),
        Severity.CRITICAL,
        AlertText(
            de=f"{gap} Meldungen der Quelle {source_id} sind eingegangen und nirgends verbucht",
            en=f"{gap} messages of source {source_id} came in and are nowhere accounted for",
        ),
        {"source": source_id, "messages": gap},
    )


def _of_device(  # noqa: PLR0913 (the parts of one alert)
    kind: str,
    row: Any,
    severity: Severity,
    de: str,
    en: str,
    *,
    details: Mapping[str, Detail],
    simulated: bool,
) -> Condition:
    about = {"dev_eui": row["dev_eui"], "name": row["name"], **details}
    return Condition(
        kind, plain_id(row["dev_eui"]), severity, AlertText(de=de, en=en), about, simulated
    )


def time_text(at: datetime) -> str:
    """Return a time as the details of alerts have it."""
    return at.isoformat().replace("+00:00", "Z")

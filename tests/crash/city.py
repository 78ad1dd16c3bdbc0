# SPDX-License-Identifier: EUPL-1.2
"""A city of a hundred bays on two lots, for load."""

from pathlib import Path

from stadttakt_simulators.burst import BurstDevice, burst_devices, write_devices

LOTS = {"west": 60, "ost": 40}
SOURCE_ID = "burst"

_SOURCES = """\
sources:
  - {{source_id: {source}, dialect: chirpstack, topics: ["{root}/application/+/device/+/event/+"]}}
"""
_LOT = """\
  - {{lot_id: {lot_id}, name: {lot_id}, capacity: {capacity}, detection: single_bay,
      lat: 51.48, lon: 11.96, heartbeat_limit_s: 7200}}
"""
_SIGN = """\
  - {{sign_id: {lot_id}-tor, lot_id: {lot_id}, lat: 51.48, lon: 11.96, min_dwell_s: 0}}
"""


def devices() -> list[BurstDevice]:
    """The bay sensors of the city."""
    return burst_devices(sum(LOTS.values()))


def lot_of() -> dict[str, str]:
    """Which bay is on which lot."""
    lots = (lot_id for lot_id, capacity in LOTS.items() for _ in range(capacity))
    return dict(zip((device.bay_id for device in devices()), lots, strict=True))


def write_city(folder: Path, root: str) -> Path:
    """Write the city folder; uplinks come below a topic root of one's own."""
    parking = folder / "parking"
    parking.mkdir(parents=True)
    (folder / "sources.yaml").write_text(_SOURCES.format(source=SOURCE_ID, root=root))
    write_devices(folder / "devices.csv", devices())
    lots = (_LOT.format(lot_id=lot_id, capacity=count) for lot_id, count in LOTS.items())
    (parking / "lots.yaml").write_text("lots:\n" + "".join(lots))
    signs = (_SIGN.format(lot_id=lot_id) for lot_id in LOTS)
    (parking / "signs.yaml").write_text("signs:\n" + "".join(signs))
    bays = (f"{bay_id},{lot_id},general,51.48,11.96,\n" for bay_id, lot_id in lot_of().items())
    (parking / "bays.csv").write_text(
        "bay_id,lot_id,kind,lat,lon,heartbeat_limit_s\n" + "".join(bays)
    )
    return folder

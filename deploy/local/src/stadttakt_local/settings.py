# SPDX-License-Identifier: EUPL-1.2
"""The settings of the local stack, read from STADTTAKT_LOCAL_*; services have their own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from stadttakt_local.errors import StackError

PREFIX = "STADTTAKT_LOCAL_"
SUITE, MIRROR = f"{PREFIX}SUITE", f"{PREFIX}MIRROR"


@dataclass(frozen=True)
class Ports:
    """The TCP ports on 127.0.0.1, one per process; set by STADTTAKT_LOCAL_<NAME>_PORT."""

    database: int = 5442
    broker: int = 1893
    uplink: int = 8101
    parking: int = 8102
    transit: int = 8103
    kpi: int = 8104
    opendata: int = 8105
    registry: int = 8106

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Ports":
        """Read the ports; a value that is no port is a StackError naming the setting."""
        given = {f.name: setting_of(f.name) for f in fields(cls)}
        return cls(
            **{
                name: _port(key, environment[key])
                for name, key in given.items()
                if environment.get(key)
            }
        )


def setting_of(port_name: str) -> str:
    """Return the name of the setting that moves a port."""
    return f"{PREFIX}{port_name.upper()}_PORT"


def _port(key: str, text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise StackError(f"{key}={text!r} is not a port.", "Give a number from 1 to 65535.")

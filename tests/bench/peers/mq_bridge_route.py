# SPDX-License-Identifier: EUPL-1.2
"""A route of mq-bridge from MQTT to PostgreSQL; run by the Python of its own environment.

`python mq_bridge_route.py CONFIGURATION`, a JSON file, until it is ended.
"""

import json
import logging
import sys
from pathlib import Path

from mq_bridge import Route, init_logging  # type: ignore[import-not-found]

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    init_logging()
    Route.from_config(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).run()

# SPDX-License-Identifier: EUPL-1.2
"""The yardstick of feeds: uvicorn and a Starlette route that answers the bytes of a file, always the same.

`python -m bench.bare_server PORT FILE`
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main() -> None:
    """Serve until killed."""
    port, body = int(sys.argv[1]), Path(sys.argv[2]).read_bytes()

    async def answer(_: Request) -> Response:
        return Response(body, media_type="application/octet-stream")

    app = Starlette(routes=[Route("/", answer)])
    uvicorn.run(app, port=port, log_level="warning", access_log=False, lifespan="off", ws="none")


if __name__ == "__main__":
    main()

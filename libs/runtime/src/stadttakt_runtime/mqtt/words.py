# SPDX-License-Identifier: EUPL-1.2
"""Why a broker cannot be reached, in words for who runs the place."""

from __future__ import annotations

import socket
import ssl

_WORDS: tuple[tuple[type[OSError], str], ...] = (
    (socket.gaierror, "the host name is not known"),
    (ConnectionRefusedError, "nobody listens there (connection refused)"),
    (TimeoutError, "no answer in time"),
)


def explain(error: BaseException) -> str:
    """Return what went wrong with a connection, without addresses and numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.partition(" (while")[0]
    return str(error) or type(error).__name__

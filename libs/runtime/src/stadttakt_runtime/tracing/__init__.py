# SPDX-License-Identifier: EUPL-1.2
"""What became of a message, service by service, for a collector that speaks OTLP; off where none is set."""

from stadttakt_runtime.tracing.span import Kind, Span, child
from stadttakt_runtime.tracing.traces import Traces

__all__ = ["Kind", "Span", "Traces", "child"]

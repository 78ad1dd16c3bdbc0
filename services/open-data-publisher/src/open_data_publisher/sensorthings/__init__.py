# SPDX-License-Identifier: EUPL-1.2
"""A read API in the manner of OGC SensorThings 1.1 (OGC 18-088); pure, no I/O."""

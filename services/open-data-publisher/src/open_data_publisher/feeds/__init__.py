# SPDX-License-Identifier: EUPL-1.2
"""The feeds: pure functions from what is public at a moment to bytes; one module a format."""

# SPDX-License-Identifier: EUPL-1.2
"""The decoder's HTTP endpoints."""

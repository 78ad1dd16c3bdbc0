# SPDX-License-Identifier: EUPL-1.2
"""Downlinks on their way out: which server, handing over, and what became of them."""

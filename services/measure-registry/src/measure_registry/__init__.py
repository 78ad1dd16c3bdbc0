# SPDX-License-Identifier: EUPL-1.2
"""Registry of ideas and measures."""

# SPDX-License-Identifier: EUPL-1.2
"""Open-data feeds, catalogue and portal."""

# SPDX-License-Identifier: EUPL-1.2
"""The city folder as the simulator sees it."""

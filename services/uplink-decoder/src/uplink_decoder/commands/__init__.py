# SPDX-License-Identifier: EUPL-1.2
"""The decoder's part of the command line `stadttakt`."""

# SPDX-License-Identifier: EUPL-1.2
"""The city folder's `parking/`: read, checked and applied; the running service reads tables only."""

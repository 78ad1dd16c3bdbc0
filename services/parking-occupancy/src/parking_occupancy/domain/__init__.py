# SPDX-License-Identifier: EUPL-1.2
"""What bays, lots and signs are, as pure functions; `now` is always an argument."""

# SPDX-License-Identifier: EUPL-1.2
"""Pure rules of the decoder: identity, times, readings to observations; no I/O, no clock."""

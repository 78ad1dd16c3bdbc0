# SPDX-License-Identifier: EUPL-1.2
"""The device registry: what it takes, how it is written, how decoders follow it."""

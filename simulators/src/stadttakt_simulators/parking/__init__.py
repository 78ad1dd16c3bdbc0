# SPDX-License-Identifier: EUPL-1.2
"""The cars behind the sensors: when they come, where they park, how long they stay."""

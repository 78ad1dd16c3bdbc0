# SPDX-License-Identifier: EUPL-1.2
"""What a new city's folder says of car parks, bays and signs."""

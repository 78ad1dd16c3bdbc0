# SPDX-License-Identifier: EUPL-1.2
"""Network servers' message formats: what goes in is the same, what comes out is theirs."""

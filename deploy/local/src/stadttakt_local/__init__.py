# SPDX-License-Identifier: EUPL-1.2
"""The platform's backing services and process table on one machine, without containers."""

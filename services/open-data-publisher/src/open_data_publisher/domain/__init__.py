# SPDX-License-Identifier: EUPL-1.2
"""What is public and what it is called; no I/O, no clock."""

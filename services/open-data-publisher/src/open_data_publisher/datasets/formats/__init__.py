# SPDX-License-Identifier: EUPL-1.2
"""What a table of rows looks like as a file, piece by piece."""

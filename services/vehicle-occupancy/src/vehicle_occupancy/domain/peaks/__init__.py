# SPDX-License-Identifier: EUPL-1.2
"""Cap the Peak: where it will be too full, what could be done, and whether it helped; pure."""

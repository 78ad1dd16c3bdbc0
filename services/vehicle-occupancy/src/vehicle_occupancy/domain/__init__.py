# SPDX-License-Identifier: EUPL-1.2
"""What the service decides, without input or output."""

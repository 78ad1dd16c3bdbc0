# SPDX-License-Identifier: EUPL-1.2
"""What the city folder says of transit."""

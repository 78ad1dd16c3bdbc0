# SPDX-License-Identifier: EUPL-1.2
"""What a city configures of the registry, read and applied."""

# SPDX-License-Identifier: EUPL-1.2
"""What a new city's folder has of files that no single service owns."""

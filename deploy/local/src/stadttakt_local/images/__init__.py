# SPDX-License-Identifier: EUPL-1.2
"""The platform's container images, built with what the machine has and, if wanted, without any registry."""

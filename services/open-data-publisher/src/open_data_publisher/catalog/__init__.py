# SPDX-License-Identifier: EUPL-1.2
"""The catalogue: what is public, in the words of DCAT-AP.de 3.0 and mobilityDCAT-AP."""

# SPDX-License-Identifier: EUPL-1.2
"""The pages that people see: the form, public ideas and measures, the status of one's own idea."""

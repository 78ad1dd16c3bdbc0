# SPDX-License-Identifier: EUPL-1.2
"""What people write down of measures, the same form in files, requests and answers."""

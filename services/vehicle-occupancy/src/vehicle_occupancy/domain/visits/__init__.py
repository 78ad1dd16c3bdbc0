# SPDX-License-Identifier: EUPL-1.2
"""What happened at each stop of a trip: when it was there, who boarded, how full it left; pure."""

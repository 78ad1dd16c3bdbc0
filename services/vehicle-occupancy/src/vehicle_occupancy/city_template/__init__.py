# SPDX-License-Identifier: EUPL-1.2
"""What a new city's folder says of vehicles, and a timetable for the simulator to drive."""

# SPDX-License-Identifier: EUPL-1.2
"""Trams and buses on a timetable, who rides them, and what their sensors make of it."""

"""Trams and buses on a timetable, who rides them, and what their sensors make of it."""

"""Schedules: which steps are done together, and in what memory."""

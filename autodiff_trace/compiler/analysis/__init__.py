"""Analyses: what holds of the values of a program. They change nothing."""

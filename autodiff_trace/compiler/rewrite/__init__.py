"""Passes: pure functions from a program to a cheaper one that computes the same."""

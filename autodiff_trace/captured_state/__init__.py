"""Captured state: the variables outside a function that it reads, so that changes of them are noticed, or undone."""

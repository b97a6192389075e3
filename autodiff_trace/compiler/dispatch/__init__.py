"""Dispatch: from the arguments of a call to the program that fits them."""

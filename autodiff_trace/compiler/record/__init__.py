"""Recording: a function is run once on boxes, and what it does is listed as a program."""

"""Graphs: what a function does for one kind of arguments, to be read, drawn, saved and run again."""

"""Which elements depend on which: a trace that follows sets of input elements."""

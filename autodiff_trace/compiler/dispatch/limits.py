"""Limits of what a jitted function keeps, traces again, and looks into in each call."""

MOST_KEYS = 128
"""Kinds of arguments for which programs are kept; beyond it the one that was not used for longest goes."""

MOST_NEW_KEYS = 32
"""New kinds of arguments after which the function runs eagerly, if there were few hits."""

HITS_PER_TRACE = 8
"""Hits that make up for one more trace beyond these limits."""

MOST_PROGRAMS = 32
"""Programs for one kind of arguments and one state of the variables outside."""

MOST_STATES = 8
"""States of the variables outside for which programs are kept, for one kind of arguments."""

MOST_ERRORS = 8
"""Errors while tracing after which the function itself is run for a kind of arguments, if there were few hits."""

MOST_FAILURES = 3
"""Quick calls that raise an error after which there are none for a kind of arguments: what failed is done twice."""

MOST_REWRITES = 32
"""Changes of arrays that are compared as a whole for which the function is traced anew, if there were few hits."""

WRONG_BEGINNINGS = 4
"""Wrong beginnings after which guards are asked from the start; each right one takes one back then."""

TESTED_LEAVES = 200
"""Leaves and containers of arguments up to which a test of them is compiled, which takes 20 µs for each."""

TESTED_DEPTH = 40
"""Containers in one another of which there is such a test."""

STATIC_CONTAINERS = 10**4
"""Containers in a static argument that are compared in each call (1 ms)."""

STATIC_DEPTH = 16
"""Objects in objects that are told apart by what they hold; deeper ones by identity."""

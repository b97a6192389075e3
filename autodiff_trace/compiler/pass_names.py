"""The names of the passes, which ``jit`` knows before the compiler is loaded."""

__all__ = ["PASSES"]

PASSES = (
    "constants", "algebra", "common", "dead code", "loops", "finite", "floats", "sines", "fusion", "sums", "stacks",
    "in place", "buffers",
)
"""The names of all passes, for ``jit(f, passes=...)``.

"constants" computes what is the same in each run when the program is compiled, "algebra" replaces steps by cheaper ones
of the same value, "common" computes each value once, "dead code" leaves out what nothing needs. "loops" makes one step
of what a function does again and again, before all other passes. "finite" leaves out the masks that keep zeros beside
infinities, "floats" computes single numbers with Python's floats; where a run is not finite it is done again without
these two. "sines" computes sine and cosine of an array together, "fusion" runs steps on large arrays block by block, on
several threads, "sums" takes quicker calls for sums of small arrays and over short axes, "stacks"
makes one call of the same function of many small arrays, and with "finite" one product of a sum of their products. "in
place" leaves out copies of arrays that are assigned to, and "buffers" uses the memory of intermediate values again.
"""

"""The native back end, on llvmlite: regions of programs as machine code."""

"""The back end of NumPy: a program as Python source that calls NumPy, and what its runs need."""

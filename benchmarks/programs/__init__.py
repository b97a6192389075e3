"""Workloads as the libraries need them that do not take NumPy's names and loops: by the name of the workload."""

"""A drop-in for HIPS autograd."""

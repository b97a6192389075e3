"""A drop-in for HIPS autograd: its module tree, thin modules over the native ones."""

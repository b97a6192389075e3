"""What the processes find that a program started by ``python -m autodiff_trace.autograd_compat`` starts in turn."""

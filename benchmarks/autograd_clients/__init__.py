"""Autograd's own tests and examples, run on ``autodiff_trace.autograd_compat``; fetched, and kept nowhere in here."""

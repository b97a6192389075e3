"""Back ends: from programs to functions that run."""

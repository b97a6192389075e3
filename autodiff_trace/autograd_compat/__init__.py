"""The interface of HIPS autograd, over the functions of this library."""

from .installing import install as install, uninstall as uninstall

__all__ = ["install", "uninstall"]

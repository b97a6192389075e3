"""Series rules for Taylor mode, a module a family. Importing this package attaches them."""

from . import elementwise, powers, products

__all__ = ["elementwise", "powers", "products"]

"""Series rules for Taylor mode, a module a family. Importing this package attaches them."""

from . import elementwise, powers, products, special_functions

__all__ = ["elementwise", "powers", "products", "special_functions"]

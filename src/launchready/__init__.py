"""Launch Ready: the launch gate for client portals."""

__version__ = "0.1.0"

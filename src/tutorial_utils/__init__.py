"""Code of the interactive textbook "Deep Learning: A Shallow Tutorial"."""

__version__ = "0.1.0"

"""The one door: the command line, and the only place that wires the others together."""

__version__ = "0.1.0"

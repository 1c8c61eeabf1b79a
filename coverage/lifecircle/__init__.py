"""lifecircle (生活圈): who can reach what within the rule a district's plan cites, and who cannot.

The package is empty at import: every room is imported where it is used, so that ``lifecircle --help`` answers at once.
"""

__version__ = "0.1.0"

"""lifecircle (生活圈): who can reach what within the rule a district's plan cites, and who cannot.

The package is empty at import but for one question, which numba must have answered before anything imports it: where compiled
functions can be kept. Every room is imported where it is used, so that ``lifecircle --help`` answers at once.
"""

from pathlib import Path

from lifecircle.compilation import choose_compiled_folder

__version__ = "0.1.0"
COMPILED = choose_compiled_folder(Path(__file__).parent)
"""Where numba keeps what it compiled."""

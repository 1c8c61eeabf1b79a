"""``python -m lifecircle.cli``."""

from lifecircle.cli import main

main()

"""Where the gaps are: groups of uncovered cells that touch, why each is there, its outline and its name. Pure."""

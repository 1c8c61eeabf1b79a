"""A study to files. Each output reads the study and nothing else; deleting one breaks nothing beside it."""

"""The cases, one a file; found by their decorator."""

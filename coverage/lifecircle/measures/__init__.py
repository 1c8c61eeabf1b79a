"""Arrays to figures, and nothing else: no file, no road, no clock. Testable on arrays one can hold in the head."""

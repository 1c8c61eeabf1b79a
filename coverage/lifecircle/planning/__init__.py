"""Planning: where to build, and what it costs to build elsewhere. Arrays in, sites with their proof out; no file is read."""

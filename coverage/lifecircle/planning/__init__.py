"""Where to build and why: gaps, sites, scenarios; pure."""

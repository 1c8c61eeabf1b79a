"""Layers to reach: the network a mode may use, where people and facilities join it, and the time between them."""

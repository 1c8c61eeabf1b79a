"""Water: who is supplied by which works, from which source, and what is left when one of them fails.

With plants *p*, villages *v*, ``people[v]`` and the service matrix ``S[p, v]`` (the share of the people of *v* that *p* supplies; a column
sums to at most 1, and the rest is 未覆盖), every figure is a function of those arrays: tiers and scales, demand and supply,
losses, the monitoring chain, the four criteria. People are conserved: whatever they are sorted by, the classes sum to everyone.
"""

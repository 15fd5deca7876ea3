"""What the values of a detection head mean: formulas on plain arrays. No torch.

A `Decoder` belongs to each head. It turns a head's input into its output, and that into boxes and
scores. Its formulas work along the last axis, the values of a box, so the same code serves all
boxes of a map, as exported graphs need them, and the few that are above a threshold, which
`candidates` gathers before anything is computed. The caller hands in the functions of numpy or
PyTorch, see `arrays`.
"""

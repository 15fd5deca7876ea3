"""The classic losses of [yolo] and [region]: differentiable formulas, chosen part by part.

A loss is the sum of a term of boxes, two of objectness and one of classes; autograd gives its
gradient at the head's input. docs/losses.md has the formulas and where they come from. `family`
puts them together; `loss` computes them for a head.
"""

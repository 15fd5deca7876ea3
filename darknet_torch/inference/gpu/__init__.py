"""Detection where the network is: pictures go up as bytes, detections come back.

All of it is PyTorch on any device; the tests run it on a CPU. What only CUDA has, streams and
graphs, is behind `streams.py` and `graphs.py`.
"""

"""Detection where the network is: pictures go up as bytes, detections come back.

All of it is PyTorch on any device; the tests run it on a CPU. Only `streams.py` and
`graphs.py` use what CUDA alone has.
"""

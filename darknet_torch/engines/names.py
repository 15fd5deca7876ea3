"""The names of what runs a network. It imports nothing, for the command line."""

TORCH = "torch"
ENGINES = ("onnxruntime", "openvino")
BACKENDS = (TORCH, *ENGINES)
AUTO = "auto"  # the fastest that is prepared for a model
SPEEDS = "speeds"  # stands for the engine in the entry of a cache that holds speeds

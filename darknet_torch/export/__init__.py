"""A network as a graph in a file: ONNX, TorchScript, torch.export."""

"""A network as one graph: ONNX, TorchScript, torch.export."""

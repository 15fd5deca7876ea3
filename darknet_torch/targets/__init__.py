"""Which box is trained on which ground truth, as far as the truths alone decide. No torch.

The worker processes that load a mini-batch compute it for each head with `Assigner.assign`; a
loss that gets no assignment calls the same function. `anchored` serves [yolo] and
[Gaussian_yolo], `region` serves [region].
"""

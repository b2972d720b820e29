"""Processes that learn as one: each draws batches of its own, and their gradients are averaged.

`torchrun --nproc-per-node N -m backend train …` starts them, one for each GPU, or on the CPU.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters


@contextmanager
def process_group() -> Iterator[None]:
    """Find the other processes that torchrun started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    distributed.init_process_group()
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """This process's number; the one with 0 writes."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def local_gpu() -> torch.device:
    """The GPU of this process."""
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def average_gradients(network: nn.Module) -> None:
    """Give every process the mean of all processes' gradients."""
    if not distributed.is_initialized():
        return
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    vector = parameters_to_vector(gradients)
    distributed.all_reduce(vector)
    vector_to_parameters(vector / distributed.get_world_size(), gradients)

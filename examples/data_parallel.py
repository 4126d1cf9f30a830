"""Train one network on several workers: stochastic gradient descent, data-parallel.

    torchrun --nproc-per-node 2 examples/data_parallel.py --checkpoint run.pt

Every worker holds a copy of the network and computes the gradient of its share of each
batch; the sum over the workers, divided by the size of the batch, is the gradient that
one process would have computed, and all make the same step. On processors the workers
speak gloo, with TUTORIAL_DEVICE=cuda they speak nccl, one GPU each. Over several
machines the same program is started on each, by torchrun with --nnodes and an address.

If a worker dies, the run ends, and the same command goes on from the checkpoint, which
the first worker writes and reads; the others get their parameters from it.
Chapter 3, "More than one machine", derives and measures it.
"""

import argparse
import json
import os
import pickle
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from tutorial_utils import datasets, runtime
from tutorial_utils.training import minibatches

PATIENCE = timedelta(minutes=1)  # for a worker that has stopped without a word


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Data-parallel training on digits.")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=512, help="of all workers")
    parser.add_argument("--hidden", type=int, default=512, help="units of both layers")
    parser.add_argument(
        "--examples", type=int, default=8000, help="digits to learn from"
    )
    parser.add_argument("--learning-rate", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="file of the first worker to save to and go on from",
    )
    parser.add_argument("--save-every", type=int, default=5, help="steps")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare each gradient with that of a single process, to 1e-6",
    )
    given = parser.parse_args()
    for name in ("epochs", "batch_size", "hidden", "examples", "save_every"):
        if getattr(given, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if given.examples > 8000:
        parser.error("--examples must be at most 8000, which is all there are")
    if given.checkpoint and not given.checkpoint.absolute().parent.is_dir():
        parser.error(f"--checkpoint: there is no folder {given.checkpoint.parent}")
    if not given.learning_rate > 0:
        parser.error("--learning-rate must be above 0")
    return given


def network(hidden: int, seed: int) -> torch.nn.Module:
    """The same weights in every worker, drawn from the seed."""
    with runtime.torch_seed(seed):
        return torch.nn.Sequential(
            torch.nn.Linear(784, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, 10),
        )


def steps(given: argparse.Namespace) -> Iterator[np.ndarray]:
    """The examples of every step, the same in every worker; the last may be fewer."""
    rng = np.random.default_rng(given.seed)
    for _ in range(given.epochs):
        yield from minibatches(rng, given.examples, given.batch_size)


def summed_gradient(
    model: torch.nn.Module, X: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    """The gradient of the sum of the losses, all parameters in one vector.

    A worker whose share of a batch is empty contributes zeros.
    """
    loss = torch.nn.functional.cross_entropy(model(X), y, reduction="sum")
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([gradient.ravel() for gradient in gradients])


@contextmanager
def losses_told() -> Iterator[None]:
    """End with a clear message if another worker does not answer any more."""
    try:
        yield
    except RuntimeError as error:
        sys.exit(
            f"worker {dist.get_rank()} has lost another worker: {error}\n"
            "The same command goes on from the last checkpoint."
        )


def parallel_gradient(
    model: torch.nn.Module, X: torch.Tensor, y: torch.Tensor, at: np.ndarray
) -> torch.Tensor:
    """The gradient of the mean loss of the batch `at`, its work shared out."""
    share = np.array_split(at, dist.get_world_size())[dist.get_rank()]
    gradient = summed_gradient(model, X[share], y[share])
    with losses_told():
        dist.all_reduce(gradient)  # now the sum over all workers, in each of them
    return gradient / len(at)


def descend(model: torch.nn.Module, gradient: torch.Tensor, rate: float) -> None:
    """θ ← θ - η g, the vector g cut to the shapes of the parameters."""
    sizes = [p.numel() for p in model.parameters()]
    with torch.no_grad():
        for p, g in zip(model.parameters(), gradient.split(sizes), strict=True):
            p -= rate * g.view_as(p)


def error_against_one_process(
    gradient: torch.Tensor,
    model: torch.nn.Module,
    X: torch.Tensor,
    y: torch.Tensor,
    at: np.ndarray,
) -> float:
    """The relative error against the gradient of the whole batch, computed here."""
    alone = summed_gradient(model, X[at], y[at]) / len(at)
    error = float((gradient - alone).norm() / alone.norm())
    if not error <= 1e-6:
        sys.exit(f"the shared gradient is off: relative error {error:.1e}, above 1e-6")
    return error


def save(path: Path, model: torch.nn.Module, step: int, settings: dict) -> None:
    """Write the checkpoint whole or not at all: a kill leaves the one before."""
    partial = path.with_name(path.name + ".partial")
    state = {"model": model.state_dict(), "step": step, "settings": settings}
    torch.save(state, partial)
    os.replace(partial, path)


def load(path: Path) -> dict:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {name: state[name] for name in ("model", "step", "settings")}
    except (pickle.UnpicklingError, EOFError, KeyError, RuntimeError) as error:
        sys.exit(f"{path} is no checkpoint of this program: {error}")


def start_together(
    path: Path | None, model: torch.nn.Module, settings: dict, device: torch.device
) -> int:
    """Give all workers the parameters of the first, from its checkpoint if it has one.

    Returns the number of steps that the parameters have seen.
    """
    first = {"step": 0, "settings": settings}
    is_resumed = dist.get_rank() == 0 and path is not None and path.exists()
    if is_resumed:
        first = load(path)
    told = [{name: first[name] for name in ("step", "settings")}]
    dist.broadcast_object_list(told, src=0, device=device)
    if told[0]["settings"] != settings:
        sys.exit(
            f"worker {dist.get_rank()} has other settings, {settings}, than worker 0 "
            f"or its checkpoint {path}, {told[0]['settings']}: give all workers the "
            "same, or name another file"
        )
    if is_resumed:
        model.load_state_dict(first["model"])
    for p in model.parameters():
        dist.broadcast(p.detach(), src=0)
    return told[0]["step"]


def now(device: torch.device) -> float:
    """Seconds on the clock, once the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def train(given: argparse.Namespace, device: torch.device) -> dict:
    digits = datasets.load_mnist()
    X, X_test = (
        torch.tensor(x / 255, dtype=torch.float32, device=device)
        for x in (digits.x_train[: given.examples], digits.x_test)
    )
    y = torch.tensor(digits.y_train[: given.examples], device=device)
    model = network(given.hidden, given.seed).to(device)
    kept = ("batch_size", "hidden", "examples", "learning_rate", "seed")
    settings = {name: getattr(given, name) for name in kept}
    is_first = dist.get_rank() == 0
    batches = list(steps(given))
    first_step = start_together(given.checkpoint, model, settings, device)
    if first_step > len(batches):
        sys.exit(
            f"{given.checkpoint} has seen {first_step} steps, more than this run has, "
            f"{len(batches)}: ask for more --epochs"
        )
    if first_step and is_first:
        print(f"going on after step {first_step} of {given.checkpoint}", flush=True)

    seconds, errors = [], []
    for step, at in enumerate(batches[first_step:], start=first_step + 1):
        with losses_told():
            dist.barrier()  # no clock runs while a worker waits for another's check
        start = now(device)
        gradient = parallel_gradient(model, X, y, at)
        seconds.append(now(device) - start)
        if given.check:
            errors.append(error_against_one_process(gradient, model, X, y, at))
        descend(model, gradient, given.learning_rate)
        is_due = step % given.save_every == 0 or step == len(batches)
        if is_first and given.checkpoint and is_due:
            save(given.checkpoint, model, step, settings)
            print(f"step {step}: saved", flush=True)
    with torch.no_grad():
        wrong = model(X_test).argmax(dim=1).cpu().numpy() != digits.y_test
    return {
        "workers": dist.get_world_size(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": len(seconds),
        "milliseconds": 1000 * float(np.median(seconds)) if seconds else None,
        "largest_error": max(errors) if errors else None,
        "test_error": float(wrong.mean()),
    }


def main() -> None:
    given = arguments()
    if "RANK" not in os.environ:
        sys.exit(f"start me with: torchrun --nproc-per-node 2 {sys.argv[0]}")
    device = runtime.device()
    if device.type == "cuda":
        number, n_found = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if number >= n_found:
            sys.exit(f"one GPU a worker: start at most {n_found} workers here")
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    torch.set_num_threads(1)  # one thread a worker: start as many as there are cores
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=PATIENCE)
    report = train(given, device)
    if dist.get_rank() == 0:
        print(json.dumps(report), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()

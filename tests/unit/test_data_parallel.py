"""The data-parallel program of chapter 3, with two processes on the processor."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from tutorial_utils import datasets
from tutorial_utils.runtime import torch_seed
from tutorial_utils.training import minibatches

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "data_parallel.py"
SMALL = {"epochs": 2, "batch-size": 50, "examples": 101, "hidden": 16}
PATIENCE = 120  # seconds


def command(workers: int, **options: object) -> list[str]:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    return [*torchrun, f"--nproc-per-node={workers}", str(PROGRAM), *given]


def run(*command: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"TUTORIAL_DEVICE": "cpu"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )


def parameters(checkpoint: Path) -> np.ndarray:
    model = torch.load(checkpoint, weights_only=True)["model"]
    return np.concatenate([p.numpy().ravel() for p in model.values()])


def trained_in_this_process(epochs, batch_size, examples, hidden) -> np.ndarray:
    """Plain torch, whole batches: what the workers must have found together."""
    layer, relu = torch.nn.Linear, torch.nn.ReLU
    with torch_seed(0):
        layers = layer(784, hidden), relu(), layer(hidden, hidden), relu()
        model = torch.nn.Sequential(*layers, layer(hidden, 10))
    digits = datasets.load_mnist()
    X = torch.tensor(digits.x_train[:examples] / 255, dtype=torch.float32)
    y = torch.tensor(digits.y_train[:examples])
    optimiser, rng = (
        torch.optim.SGD(model.parameters(), lr=0.5),
        np.random.default_rng(0),
    )
    for _ in range(epochs):
        for at in minibatches(rng, examples, batch_size):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(X[at]), y[at]).backward()
            optimiser.step()
    return torch.cat([p.detach().ravel() for p in model.parameters()]).numpy()


def test_two_workers_do_what_one_process_does_uneven_batches_included(tmp_path):
    # The last batch of an epoch has one example: one of the workers has nothing to do.
    checkpoint = tmp_path / "run.pt"
    result = run(*command(2, checkpoint=checkpoint, **SMALL), "--check")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    assert (report["workers"], report["steps"]) == (2, 6)
    assert 0 < report["largest_error"] <= 1e-6
    alone = trained_in_this_process(*SMALL.values())
    np.testing.assert_allclose(parameters(checkpoint), alone, atol=2e-5)
    assert report["parameters"] == len(alone)


def test_a_killed_worker_ends_the_run_and_the_checkpoint_lets_it_go_on(tmp_path):
    checkpoint, whole = tmp_path / "run.pt", tmp_path / "whole.pt"
    long_run = {"epochs": 30, "batch_size": 100, "examples": 1000, "hidden": 256}
    first = command(2, checkpoint=checkpoint, save_every=1, **long_run)
    process = subprocess.Popen(
        first, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:  # ends, should the run end without a step
        if line.startswith("step 3:"):
            break
    workers = psutil.Process(process.pid).children(recursive=True)
    (victim,) = (w for w in workers if w.environ().get("RANK") == "1")
    victim.kill()
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "Signal 9 (SIGKILL)" in said
    assert re.search(r"rank *: 1", said), said[-2000:]

    last = torch.load(checkpoint, weights_only=True)["step"]
    assert 3 <= last < 300
    again = run(*first)
    assert again.returncode == 0, again.stderr
    assert f"going on after step {last} of {checkpoint}" in again.stdout
    assert json.loads(again.stdout.splitlines()[-1])["steps"] == 300 - last
    unbroken = run(*command(2, checkpoint=whole, save_every=300, **long_run))
    assert unbroken.returncode == 0, unbroken.stderr
    np.testing.assert_allclose(parameters(checkpoint), parameters(whole), atol=2e-5)


def test_the_other_worker_says_what_happened_and_what_to_do(tmp_path):
    """Without torchrun to end it: as on another machine, whose worker was lost."""
    environment = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "WORLD_SIZE": "2",
        "TUTORIAL_DEVICE": "cpu",
    }
    options = ["--epochs=1000", "--hidden=64", f"--checkpoint={tmp_path / 'run.pt'}"]
    workers = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), *options],
            env=os.environ | environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    assert workers[0].stdout.readline().startswith("step 5: saved")
    workers[1].kill()
    _, said = workers[0].communicate(timeout=PATIENCE)
    workers[1].communicate()
    assert workers[0].returncode == 1
    assert "worker 0 has lost another worker" in said
    assert "The same command goes on from the last checkpoint." in said


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    checkpoint = tmp_path / "run.pt"
    settings = {"batch_size": 50, "hidden": 8, "examples": 101}
    state = {"model": {}, "step": 1, "settings": settings}
    torch.save(state, checkpoint)
    result = run(*command(1, checkpoint=checkpoint, **SMALL))
    assert result.returncode != 0
    assert "belongs to a run with other settings" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs=0"], "--epochs must be at least 1"),
        (["--examples=8001"], "--examples must be at most 8000"),
        (["--learning-rate=0"], "--learning-rate must be above 0"),
        ([], "start me with: torchrun --nproc-per-node 2"),
    ],
    ids=["epochs", "examples", "rate", "without torchrun"],
)
def test_a_wrong_start_is_told(options, message):
    result = run(sys.executable, str(PROGRAM), *options)
    assert result.returncode != 0
    assert message in result.stderr

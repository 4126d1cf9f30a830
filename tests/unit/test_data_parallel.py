"""The data-parallel program of chapter 3, with two processes on the processor."""

import importlib.util
import json
import os
import socket
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
ON_CPU = os.environ | {"TUTORIAL_DEVICE": "cpu"}


def command(workers: int, **options: object) -> list[str]:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    return [*torchrun, f"--nproc-per-node={workers}", str(PROGRAM), *given]


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, env=ON_CPU, capture_output=True, text=True, timeout=PATIENCE
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


def report_of(result: subprocess.CompletedProcess) -> dict:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_workers_do_what_one_process_does_uneven_batches_included(tmp_path):
    # The last batch of an epoch has one example: the others have nothing to do.
    checkpoint = tmp_path / "run.pt"
    once = SMALL | {"epochs": 1, "checkpoint": checkpoint}
    first = report_of(run(*command(2, **once), "--check"))
    assert (first["workers"], first["steps"]) == (2, 3)
    assert 0 < first["largest_error"] <= 1e-6
    # The same again has nothing to do and leaves the checkpoint as it is.
    before = checkpoint.read_bytes()
    again = report_of(run(*command(1, **once)))
    assert (again["steps"], again["test_error"]) == (0, first["test_error"])
    assert checkpoint.read_bytes() == before
    # It goes on to a second epoch, with another number of workers.
    second = report_of(run(*command(3, **once | {"epochs": 2}), "--check"))
    assert (second["workers"], second["steps"]) == (3, 3)
    alone = trained_in_this_process(*SMALL.values())
    np.testing.assert_allclose(parameters(checkpoint), alone, atol=2e-5)
    assert second["parameters"] == len(alone)
    # Fewer steps than it has seen are refused.
    fewer = run(*command(1, **once))
    assert fewer.returncode != 0
    assert "has seen 6 steps, more than this run has, 3" in fewer.stderr


def test_the_check_finds_another_gradient():
    spec = importlib.util.spec_from_file_location("data_parallel", PROGRAM)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    model = program.network(8, seed=0)
    X, y, at = torch.rand(10, 784), torch.arange(10), np.arange(4)
    right = program.summed_gradient(model, X[at], y[at]) / 4
    assert program.error_against_one_process(right, model, X, y, at) == 0
    with pytest.raises(SystemExit, match="the shared gradient is off"):
        program.error_against_one_process(right * (1 + 2e-6), model, X, y, at)


def test_a_killed_worker_ends_the_run_and_the_checkpoint_lets_it_go_on(tmp_path):
    checkpoint, whole = tmp_path / "run.pt", tmp_path / "whole.pt"
    long_run = {"epochs": 40, "batch_size": 100, "examples": 1000, "hidden": 256}
    first = command(2, checkpoint=checkpoint, save_every=1, **long_run)
    process = subprocess.Popen(
        first, env=ON_CPU, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout:  # ends, should the run end without a step
            if line.startswith("step 3:"):
                break
        workers = psutil.Process(process.pid).children(recursive=True)
        (victim,) = (w for w in workers if w.environ().get("RANK") == "1")
        victim.kill()
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode != 0
    assert "Signal 9 (SIGKILL) received by PID " + str(victim.pid) in said

    last = torch.load(checkpoint, weights_only=True)["step"]
    assert 3 <= last < 400
    again = run(*first)
    assert report_of(again)["steps"] == 400 - last
    assert f"going on after step {last} of {checkpoint}" in again.stdout
    report_of(run(*command(2, checkpoint=whole, save_every=400, **long_run)))
    np.testing.assert_allclose(parameters(checkpoint), parameters(whole), atol=1e-4)


def test_the_other_worker_says_what_happened_and_what_to_do(tmp_path):
    """Without torchrun to end it: as on another machine, whose worker was lost."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
    }
    options = ["--epochs=1000", "--hidden=64", f"--checkpoint={tmp_path / 'run.pt'}"]
    workers = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), *options],
            env=ON_CPU | environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        assert workers[0].stdout.readline().startswith("step 5: saved")
        workers[1].kill()
        _, said = workers[0].communicate(timeout=PATIENCE)
        workers[1].communicate()
    finally:
        for worker in workers:
            worker.kill()
    assert workers[0].returncode == 1
    assert "worker 0 has lost another worker" in said
    assert "The same command goes on from the last checkpoint." in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": {}, "step": 1}, "is no checkpoint of this program"),
        ({"settings": {"hidden": 8}}, "worker 0 has other settings"),
        (None, "is no checkpoint of this program"),
    ],
    ids=["a part missing", "another run", "another file"],
)
def test_another_checkpoint_is_refused(tmp_path, content, message):
    checkpoint = tmp_path / "run.pt"
    if content is None:
        checkpoint.write_text("not a checkpoint")
    elif "settings" in content:
        report_of(run(*command(1, checkpoint=checkpoint, **SMALL | {"hidden": 8})))
    else:
        torch.save(content, checkpoint)
    result = run(*command(1, checkpoint=checkpoint, **SMALL))
    assert result.returncode != 0
    assert message in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs=0"], "--epochs must be at least 1"),
        (["--examples=8001"], "--examples must be at most 8000"),
        (["--checkpoint=nowhere/run.pt"], "there is no folder nowhere"),
        (["--learning-rate=0"], "--learning-rate must be above 0"),
        ([], "start me with: torchrun --nproc-per-node 2"),
    ],
    ids=["epochs", "examples", "folder", "rate", "without torchrun"],
)
def test_a_wrong_start_is_told(options, message):
    result = run(sys.executable, str(PROGRAM), *options)
    assert result.returncode != 0
    assert message in result.stderr

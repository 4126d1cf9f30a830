"""torch's cells put every tensor where `runtime.device()` says.

A tensor that a cell leaves on the host does no harm on a machine without a GPU, and
ends the cell on one that has it. The fake device makes it end here too.
"""

import json
import subprocess
import sys

import nbformat
import numpy as np
import pytest
import torch
from fake_device import FAKE, fake_device

ON_FAKE = "Expected all tensors to be on the same device"


@pytest.fixture
def device():
    with fake_device() as device:
        yield device


def test_its_tensors_say_where_they_are(device):
    made = torch.ones(3, device=device)
    for tensor in (made, made + 1, made[1:], made.double(), torch.ones(2).to(device)):
        assert tensor.device == FAKE
    for tensor in (torch.ones(3), made.cpu(), made.to("cpu")):
        assert tensor.device.type == "cpu"
    assert torch.zeros(2, device=made.device).device == FAKE
    assert torch.zeros_like(made).device == FAKE
    assert torch.ones(2).to(made).device == FAKE


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x + torch.ones(3),
        lambda x: torch.ones(3) @ x,
        lambda x: torch.stack([x, torch.ones(3)]),
        lambda x: torch.nn.Linear(3, 2)(x),
        lambda x: torch.nn.functional.mse_loss(x, torch.ones(3)),
        lambda x: torch.ones(3)[x.long()],
        lambda x: torch.nn.functional.embedding(x.long(), torch.ones(3, 3)),
        lambda x: torch.ones(3) * x.sum(),
        lambda x: torch.ones(3).mul_(x.sum()),
        lambda x: torch.randn(3, generator=torch.Generator(), device=x.device),
        lambda x: x.to("cuda"),
        lambda x: torch.nn.utils.rnn.pack_padded_sequence(
            x[:, None, None], torch.tensor([3]).to(x.device)
        ),
    ],
)
def test_tensors_of_two_places_are_refused(device, wrong):
    with pytest.raises(RuntimeError, match="device"):
        wrong(torch.ones(3, device=device))


@pytest.mark.parametrize(
    "wrong", [lambda x: x.numpy(), np.asarray, lambda x: np.ones(3) * x.detach()]
)
def test_numpy_cannot_look_at_them(device, wrong):
    with pytest.raises(TypeError, match="numpy"):
        wrong(torch.ones(3, device=device))


def test_what_a_gpu_allows_is_allowed(device):
    x = torch.arange(4.0, device=device, requires_grad=True)
    assert (2 * x + torch.tensor(1.0)).device == FAKE  # a number is at home anywhere
    assert x[torch.tensor([1, 2])].device == FAKE
    (x**2).sum().backward()
    assert x.grad.device == FAKE
    assert x.grad.cpu().tolist() == [0, 2, 4, 6]
    assert x.sum().item() == 6
    assert torch.empty(4).copy_(x.detach()).device.type == "cpu"
    assert torch.zeros((), device=device).copy_(torch.tensor(3.0)).device == FAKE
    host = torch.zeros(2)
    host[0] = x.detach().sum()
    assert host.device.type == "cpu"
    with torch.no_grad():
        assert x.copy_(torch.ones(4)).device == FAKE


def test_networks_are_trained_on_it(device):
    network = torch.nn.LSTM(3, 5, bidirectional=True).to(device)
    assert all(p.device == FAKE for p in network.parameters())
    optimiser = torch.optim.Adam(network.parameters())
    x = torch.randn(7, 2, 3, device=device)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor([7, 4]))
    outputs, lengths = torch.nn.utils.rnn.pad_packed_sequence(network(packed)[0])
    assert outputs.device == FAKE
    assert lengths.device.type == "cpu"
    outputs.square().mean().backward()
    optimiser.step()


def test_sentences_in_no_order_are_read_and_learnt_on_it(device):
    """The way back through packed sequences makes tensors of its own, there."""
    rnn = torch.nn.utils.rnn
    lstm = torch.nn.LSTM(3, 2).to(device)
    x = torch.ones(5, 2, 3).to(device).requires_grad_()
    packed = rnn.pack_padded_sequence(x, torch.tensor([3, 5]), enforce_sorted=False)
    h, _ = rnn.pad_packed_sequence(lstm(packed)[0])
    h.sum().backward()
    assert x.grad.device == FAKE
    assert (x.grad[3:, 0] == 0).all().item()
    assert {p.grad.device for p in lstm.parameters()} == {FAKE}


def test_storages_that_are_gone_leave_no_mark(device):
    for _ in range(200):
        del [torch.ones(1000, device=device)][0:]
        assert torch.ones(1000).device.type == "cpu"


PROGRAM = """
import json, sys
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
from fake_device import fake_device
from tutorial_utils import runtime, widgets

widgets.explore = lambda *positional, **named: None
with fake_device() as device:
    runtime.device = lambda: device
    namespace = {"__name__": "__main__"}
    for source in json.load(sys.stdin):
        exec(compile(source, source[:60], "exec"), namespace)
        plt.close("all")
"""


def run(sources, root, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(root / "tests/notebooks"))
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(sources),
        cwd=root / "chapters",
        capture_output=True,
        text=True,
    )


@pytest.mark.release
def test_a_chapter_runs_on_it(chapter, root, monkeypatch):
    cells = nbformat.read(chapter, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    done = run(sources, root, monkeypatch)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_cell_that_forgets_the_device_fails(root, monkeypatch):
    sources = [
        "import torch\nfrom tutorial_utils.runtime import device",
        "x = torch.ones(3, device=device())",
        "print(x * torch.ones(3))",
    ]
    assert run(sources[:2], root, monkeypatch).returncode == 0
    done = run(sources, root, monkeypatch)
    assert done.returncode != 0
    assert ON_FAKE in done.stderr

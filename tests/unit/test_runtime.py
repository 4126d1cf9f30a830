import os
import sys

import pytest
import torch

from tutorial_utils import runtime
from tutorial_utils.runtime import budget, device, in_browser, progress, torch_seed


def test_this_is_no_browser():
    assert not in_browser()


def test_a_browser_is_known_by_its_platform(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert in_browser()
    assert budget(10, browser=3) == 3


def test_the_budget_is_full_unless_asked(monkeypatch):
    monkeypatch.delenv("TUTORIAL_BUDGET", raising=False)
    assert budget(10, browser=3) == 10
    monkeypatch.setenv("TUTORIAL_BUDGET", "browser")
    assert budget(10, browser=3) == 3


@pytest.mark.parametrize(
    ("full", "browser", "name"),
    [
        (0, 1, "full"),
        (2.5, 1, "full"),
        (10, 0, "browser"),
        (10, "3", "browser"),
        (3, 10, "browser must be at most full, 3, got 10"),
    ],
)
def test_bad_budgets(full, browser, name):
    with pytest.raises(ValueError, match=name):
        budget(full, browser)


def test_a_typing_error_in_the_environment_is_told(monkeypatch):
    monkeypatch.setenv("TUTORIAL_BUDGET", "Browser")
    with pytest.raises(ValueError, match="TUTORIAL_BUDGET must be 'full' or 'browser'"):
        budget(10, browser=3)


def test_progress_hands_out_the_items_and_shows_their_label(capsys):
    assert list(progress([3, 1, 2], "numbers")) == [3, 1, 2]
    assert "numbers" in capsys.readouterr().err


def test_progress_starts_no_thread_in_a_browser(monkeypatch):
    monkeypatch.setattr(runtime.tqdm, "monitor_interval", 10)
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert list(progress("ab", "letters")) == ["a", "b"]
    assert runtime.tqdm.monitor_interval == 0


@pytest.fixture
def settings_of_torch(monkeypatch):
    """What `device()` may set, back as it was when the test is over."""
    torch.use_deterministic_algorithms(False)
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    torch.backends.cuda.matmul.allow_tf32 = True
    yield
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.use_deterministic_algorithms(False)
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


@pytest.mark.usefixtures("settings_of_torch")
def test_the_device_is_the_one_asked_for(monkeypatch):
    monkeypatch.delenv("TUTORIAL_DEVICE", raising=False)
    assert device() == torch.device("cpu")
    assert not torch.are_deterministic_algorithms_enabled()
    monkeypatch.setenv("TUTORIAL_DEVICE", "tpu")
    with pytest.raises(ValueError, match="TUTORIAL_DEVICE must be 'cpu' or 'cuda'"):
        device()
    monkeypatch.setenv("TUTORIAL_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device() == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="torch finds no such device"):
        device()


@pytest.mark.usefixtures("settings_of_torch")
def test_a_gpu_is_asked_for_the_same_numbers_in_every_run(monkeypatch):
    monkeypatch.setenv("TUTORIAL_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    device()
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_a_torch_seed_holds_within_and_leaves_no_trace():
    before = torch.random.get_rng_state()
    with torch_seed(3):
        first = torch.rand(4)
    with torch_seed(3):
        assert (torch.rand(4) == first).all()
    with torch_seed(4):
        assert (torch.rand(4) != first).any()
    assert (torch.random.get_rng_state() == before).all()
    with pytest.raises(ValueError, match="seed must be"), torch_seed(-1):
        pass

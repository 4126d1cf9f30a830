"""Train chapter 8's DRAW for longer than the chapter does, and keep its weights.

usage: draw_weights.py [minutes]

Twelve minutes by default, on the device that TUTORIAL_DEVICE names. Writes
src/tutorial_utils/data/draw.npz, in half precision, and its sum. The model is the
chapter's own, from its cells. The last 500 training digits choose the best epoch.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from character_weights import DATA, keep
from torch import nn

from tutorial_utils import datasets
from tutorial_utils.runtime import device

CHAPTER = Path(__file__).parents[1] / "chapters/08_generative_models.ipynb"


def chapters_model() -> type[nn.Module]:
    """The class Draw, from the three cells of the chapter that define it."""
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    names = {"torch": torch, "nn": nn}
    for beginning in ("def attention_window(", "class EyeAndBrush(", "class Draw("):
        [source] = [text for text in sources if text.startswith(beginning)]
        exec(compile(source, str(CHAPTER), "exec"), names)
    return names["Draw"]


def main(minutes: float = 12) -> None:
    torch.manual_seed(0)
    pixels = datasets.load_mnist().x_train.reshape(-1, 784) > 127
    pictures = torch.tensor(pixels, dtype=torch.float32, device=device())
    train, held_out = pictures[:7500], pictures[7500:]
    ink = (train.sum(dim=0) + 1) / (len(train) + 2)
    model = chapters_model()().to(device())
    model.canvas.data = torch.log(ink / (1 - ink))
    adam = torch.optim.Adam(model.parameters(), lr=2e-3)
    best, kept, start = -np.inf, {}, time.time()
    while (elapsed := (time.time() - start) / (60 * minutes)) < 1:
        for group in adam.param_groups:
            group["lr"] = 2e-3 * max(0.1, 1 - elapsed)
        for at in torch.randperm(len(train)).split(75):
            adam.zero_grad()
            (-model(train[at])[0].mean()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            adam.step()
        with torch.no_grad():
            bound = model(held_out)[0].mean().item()
        if bound > best:
            best = bound
            kept = {k: v.cpu().clone() for k, v in model.state_dict().items()}
        print(f"{elapsed:4.0%} bound on the digits held out {bound:.1f}", flush=True)
    np.savez_compressed(
        DATA / "draw.npz", **{k: v.numpy().astype(np.float16) for k, v in kept.items()}
    )
    keep("draw.npz")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))

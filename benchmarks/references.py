"""What the libraries lack and a comparison needs: the same work, written for them."""

import numpy as np
import torch
from scipy.special import logsumexp

SEARCH_WIDTH, SEARCH_LENGTH, STOP = 5, 20, 0


def log_partition_by_addition(rbm) -> float:
    """log Z of an RBM in the obvious way: every hidden state, a block at a time."""
    n_hidden = len(rbm.c)
    totals = []
    for block in np.array_split(np.arange(2**n_hidden), max(1, 2**n_hidden // 1024)):
        h = (block[:, None] >> np.arange(n_hidden)) & 1
        free = np.logaddexp(0, h @ rbm.W.T + rbm.b).sum(axis=1)
        totals.append(logsumexp(h @ rbm.c + free))
    return float(logsumexp(totals))


class TorchBeam:
    """Beam search for a batch of sentences, every step in torch."""

    def __init__(self, step, n_sentences: int) -> None:
        self.step, self.n_sentences = step, n_sentences

    def __call__(self, state: torch.Tensor, start: int) -> torch.Tensor:
        """The best score of each sentence, (N,)."""
        N, W = self.n_sentences, SEARCH_WIDTH
        total = torch.full((N, W), -torch.inf)
        total[:, 0] = 0
        words = torch.full((N, W, 1), start)
        finished = torch.zeros((N, W), dtype=torch.bool)
        state = state.repeat_interleave(W, dim=0)
        for _ in range(SEARCH_LENGTH):
            logs, state = self.step(words[:, :, -1].ravel(), state)
            logs = logs.reshape(N, W, -1)
            logs[finished] = -torch.inf
            logs[:, :, STOP].masked_fill_(finished, 0)
            scores = (total[:, :, None] + logs).reshape(N, -1)
            total, flat = scores.topk(W)
            place = torch.div(flat, logs.shape[2], rounding_mode="floor")
            word = flat % logs.shape[2]
            rows = torch.arange(N)[:, None]
            words = torch.cat([words[rows, place], word[:, :, None]], dim=2)
            finished = finished[rows, place] | (word == STOP)
            state = state[(rows * W + place).ravel()]
            if finished.all():
                break
        return torch.where(finished, total, -torch.inf).max(dim=1).values

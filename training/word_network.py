"""The network over words under training. Needs torch; only `training.student` imports it, when it trains one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from models.scores import FloatMatrix
from training.batches import padded
from training.learner import Learner, summed_loss
from training.word_graph import EPSILON

if TYPE_CHECKING:
    from training.student import Lessons, StudentOptions

_FIRST_BIAS = -3.0
_SPREAD = 0.02

Ids = npt.NDArray[np.int64]


class Net(torch.nn.Module):  # type: ignore[misc] # torch is not installed where types are checked
    """The network of `models.encoders.word_network`, for texts padded to one length.

    Args:
        table: (v, d) float32 to begin the embeddings with; one more row is put after them for padding.
        themes: number of themes. vectors: columns of the vectors to come near to; 0 for none.
        options: sizes and dropout.
    """

    def __init__(self, table: FloatMatrix, themes: int, vectors: int, options: StudentOptions) -> None:
        super().__init__()
        self.padding, width = len(table), options.width
        self.words = torch.nn.Embedding(len(table) + 1, table.shape[1], padding_idx=self.padding)
        with torch.no_grad():
            self.words.weight[:-1] = torch.from_numpy(table)
        self.before = torch.nn.LayerNorm(table.shape[1], eps=EPSILON)
        self.places = torch.nn.Parameter(torch.zeros(options.limit, table.shape[1]))
        self.convolution = torch.nn.Conv1d(table.shape[1], width, options.span, padding=options.span // 2)
        self.after = torch.nn.LayerNorm(width, eps=EPSILON)
        self.attention = torch.nn.Linear(width, themes, bias=False)
        self.themes = torch.nn.Parameter(torch.randn(themes, width) * _SPREAD)
        self.bias = torch.nn.Parameter(torch.full((themes,), _FIRST_BIAS))
        self.hidden, self.overall = torch.nn.Linear(2 * width, options.hidden), torch.nn.Linear(options.hidden, themes)
        self.likeness = torch.nn.Linear(options.hidden, vectors) if vectors else None
        self.drop = torch.nn.Dropout(options.dropout)

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(n, k) logits of (n, t) word numbers, and (n, d) unit vectors, where there are any to come near to."""
        there = (ids != self.padding).unsqueeze(-1)
        state = self.drop(self.before(self.words(ids)) + self.places[: ids.shape[1]]) * there
        state = functional.gelu(self.convolution(state.transpose(1, 2)).transpose(1, 2))
        state = self.drop(self.after(state)).float()
        attention = torch.softmax(self.attention(state).masked_fill(~there, -torch.inf), dim=1)
        places = torch.bmm(attention.transpose(1, 2), state)
        mean = (state * there).sum(dim=1) / there.sum(dim=1)
        whole = torch.cat([mean, state.masked_fill(~there, -torch.inf).amax(dim=1)], dim=1)
        inner = self.drop(functional.gelu(self.hidden(whole)))
        logits = (places * self.themes).sum(dim=2) + self.bias + self.overall(inner)
        likeness = None if self.likeness is None else functional.normalize(self.likeness(inner).float(), dim=1)
        return logits.float(), likeness


class StudentNetwork:
    """A `Net` under training; its `learner` keeps and restores it.

    Args:
        table, themes, vectors: as of `Net`. options: as `training.student.StudentOptions`.
    """

    def __init__(self, table: FloatMatrix, themes: int, vectors: int, options: StudentOptions) -> None:
        torch.manual_seed(options.seed)
        self._options, self._net = options, Net(table, themes, vectors, options)
        groups = [
            {"params": [p for name, p in self._net.named_parameters() if words == name.startswith("words.")]}
            | {"lr": options.rate, "weight_decay": 0.0 if words else options.decay}
            for words in (False, True)
        ]
        self.learner = Learner({"net": self._net}, groups, averaged=options.averaged, warm_up=options.warm_up)

    def learn(self, batch: Lessons[Ids], step: int, steps: int) -> float:
        """One step on a batch; comes back with its loss."""
        torch.manual_seed(self._options.seed * 1_000_003 + step)  # dropout too goes on exactly after a kill
        self._net.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits, likeness = self._net(self._padded(batch.texts))
        loss = summed_loss(logits, torch.from_numpy(batch.targets), torch.from_numpy(batch.weights))
        if likeness is not None and batch.vectors is not None:
            cosines = (likeness * torch.from_numpy(batch.vectors.astype(np.float32))).sum(dim=1)
            loss = loss + self._options.closeness * (1.0 - cosines).mean()
        return self.learner.step(loss, step, steps)

    def weights(self) -> dict[str, FloatMatrix]:
        """float32 arrays by the names that `training.word_graph` reads; the row for padding is left out."""
        state = {name: value.detach().numpy().copy() for name, value in self._net.state_dict().items()}
        return state | {"words.weight": state["words.weight"][:-1]}

    def _padded(self, texts: Sequence[Ids]) -> torch.Tensor:
        ids, seen = padded(texts)
        return torch.from_numpy(np.where(seen, ids, self._net.padding))

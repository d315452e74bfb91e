"""The network under training: a sentence transformer's layers with heads on top. Needs torch.

Only `training.finetune` imports this module, and only when it fine-tunes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from models.scores import FloatMatrix
from training.batches import masked, padded
from training.graph import BertShape
from training.learner import Learner, summed_loss

if TYPE_CHECKING:
    from training.finetune import TuneOptions

_READ_AT_ONCE = 64


class Network:
    """Encoder and heads under training; their `learner` keeps and restores them.

    Args:
        start: a saved BERT sentence transformer. definitions: one text a theme, in column order.
        options: as `training.finetune.TuneOptions`.
    """

    def __init__(self, start: Path, definitions: Sequence[str], options: TuneOptions) -> None:
        if options.threads:
            torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self._options = options
        transformers_logging.disable_progress_bar()  # a run tells its own progress, and no pooler is used
        transformers_logging.set_verbosity_error()
        model = SentenceTransformer(
            str(start),
            device="cpu",
            local_files_only=True,
            model_kwargs={"attn_implementation": "sdpa"},
            config_kwargs={"hidden_dropout_prob": options.dropout, "attention_probs_dropout_prob": 0.0},
        )
        self._tokenizer, self._encoder = model.tokenizer, model[0].auto_model
        self._head = torch.nn.Linear(self._encoder.config.hidden_size, len(definitions))
        with torch.no_grad():
            rows = torch.from_numpy(self._vectors(self.tokens(definitions)))
            self._head.weight.copy_(rows * options.head_scale)
            self._head.bias.fill_(options.head_bias)
        modules = {"encoder": self._encoder, "head": self._head}
        self.learner = Learner(modules, self._groups(), averaged=options.averaged, warm_up=options.warm_up)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Word pieces of each text, cut at the options' limit."""
        if not texts:
            return []
        found = self._tokenizer(list(texts), truncation=True, max_length=self._options.max_tokens)
        return [list(row) for row in found["input_ids"]]

    def learn(
        self,
        texts: Sequence[Sequence[int]],
        truth: FloatMatrix,
        weights: npt.NDArray[np.float32],
        step: int,
        steps: int,
    ) -> float:
        """One step on a batch; comes back with its loss, summed over themes and averaged over papers by weight."""
        options = self._options
        torch.manual_seed(options.seed * 1_000_003 + step)  # dropout too goes on exactly after a kill
        self._encoder.train()
        ids, seen = padded(texts)
        ids = masked(ids, seen, self._tokenizer.mask_token_id, options.masked, seed=options.seed, step=step)
        logits = self._head(self._pooled(ids, seen))
        loss = summed_loss(logits, torch.from_numpy(truth), torch.from_numpy(weights))
        return self.learner.step(loss, step, steps)

    def probabilities(self, texts: Sequence[Sequence[int]]) -> FloatMatrix:
        """(n, k) float32, not calibrated."""
        with torch.no_grad():
            logits = self._head(torch.from_numpy(self._vectors(texts)))
            return np.asarray(torch.sigmoid(logits).numpy(), dtype=np.float32)

    def weights(self) -> tuple[dict[str, FloatMatrix], BertShape]:
        """The encoder's state dict in float32, and its sizes, as `training.graph` takes them."""
        config = self._encoder.config
        shape = BertShape(
            config.num_hidden_layers, config.num_attention_heads, config.hidden_size, config.layer_norm_eps
        )
        state = {
            name: v.detach().float().numpy() for name, v in self._encoder.state_dict().items() if v.is_floating_point()
        }
        return state, shape

    def heads(self) -> tuple[FloatMatrix, FloatMatrix]:
        """Weights (k, d) and biases (k,) float32."""
        return self._head.weight.detach().numpy().copy(), self._head.bias.detach().numpy().copy()

    def _pooled(self, ids: np.ndarray, seen: np.ndarray) -> torch.Tensor:
        """(n, d) unit vectors: mean over the tokens that are there (Reimers & Gurevych 2019)."""
        mask = None if seen.all() else torch.from_numpy(seen)  # without a mask the fast attention kernel is used
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self._encoder(input_ids=torch.from_numpy(ids), attention_mask=mask).last_hidden_state.float()
        shares = torch.from_numpy(seen).unsqueeze(-1).float()
        return torch.nn.functional.normalize((states * shares).sum(dim=1) / shares.sum(dim=1), dim=1)

    def _vectors(self, texts: Sequence[Sequence[int]]) -> FloatMatrix:
        self._encoder.eval()
        out = np.zeros((len(texts), self._encoder.config.hidden_size), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        with torch.no_grad():
            for start in range(0, len(order), _READ_AT_ONCE):
                rows = order[start : start + _READ_AT_ONCE]
                out[rows] = self._pooled(*padded([texts[row] for row in rows])).numpy()
        return out

    def _groups(self) -> list[dict[str, Any]]:
        """Parameters by layer, each with its rate, matrices with decay; the heads come last."""
        options, layers = self._options, self._encoder.config.num_hidden_layers
        groups: dict[tuple[int, bool], list[Any]] = {}
        for name, parameter in self._encoder.named_parameters():
            if "pooler" in name or "word_embeddings" in name:
                parameter.requires_grad_(False)
                continue
            layer = int(name.split("layer.")[1].split(".")[0]) + 1 if "layer." in name else 0
            groups.setdefault((layer, parameter.ndim > 1), []).append(parameter)
        out = [
            {
                "params": parameters,
                "lr": options.rate * options.layer_rate ** (layers - layer),
                "weight_decay": options.decay if matrices else 0.0,
            }
            for (layer, matrices), parameters in groups.items()
        ]
        return [*out, {"params": list(self._head.parameters()), "lr": options.head_rate, "weight_decay": 0.0}]

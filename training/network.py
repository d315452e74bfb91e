"""The network under training: a sentence transformer's layers with heads on top. Needs torch.

Only `training.finetune` imports this module, and only when it fine-tunes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from models.scores import FloatMatrix
from training.batches import masked, padded, rate_at
from training.graph import BertShape

if TYPE_CHECKING:
    from training.finetune import TuneOptions

_READ_AT_ONCE = 64
_LONGEST_STEP = 1.0


class Network:
    """Encoder and heads, their optimiser, and how to write them down.

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
        self._optimiser = torch.optim.AdamW(self._groups(), fused=True)
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._learning = [p for group in self._optimiser.param_groups for p in group["params"]]
        self._average = [parameter.detach().clone() for parameter in self._learning]

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
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * rate_at(step, steps, options.warm_up)
        ids, seen = padded(texts)
        ids = masked(ids, seen, self._tokenizer.mask_token_id, options.masked, seed=options.seed, step=step)
        logits = self._head(self._pooled(ids, seen))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, torch.from_numpy(truth), reduction="none"
        ).sum(dim=1)
        loss = (loss * torch.from_numpy(weights)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learning, _LONGEST_STEP)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._follow(step)
        return float(loss.detach())

    def _follow(self, step: int) -> None:
        """Move the running average towards the weights: soon at first, by 1 - `averaged` later."""
        kept = min(self._options.averaged, (step + 1) / (step + 20))
        with torch.no_grad():
            torch._foreach_mul_(self._average, kept)
            torch._foreach_add_(self._average, [p.detach() for p in self._learning], alpha=1.0 - kept)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the network has the running average of its weights (Polyak & Juditsky 1992)."""
        now = [parameter.detach().clone() for parameter in self._learning]
        self._set(self._average)
        try:
            yield
        finally:
            self._set(now)

    def _set(self, values: Sequence[torch.Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self._learning, values, strict=True):
                parameter.copy_(value)

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

    def keep(self, path: Path, step: int) -> None:
        """Write the whole state after `step` steps; the file is replaced at once."""
        state = {f"encoder.{name}": value for name, value in self._encoder.state_dict().items()}
        state |= {f"head.{name}": value for name, value in self._head.state_dict().items()}
        for number, moments in self._optimiser.state_dict()["state"].items():
            state |= {f"optimiser.{number}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        state |= {f"average.{number}": value for number, value in enumerate(self._average)}
        staging = path.with_name(f".{path.name}.new")
        save_file({name: v.contiguous().clone() for name, v in state.items()}, staging, {"step": str(step)})
        staging.replace(path)

    def restore(self, path: Path) -> int:
        """Take the state from a file, if there is one; comes back with the steps done."""
        if not path.is_file():
            return 0
        from safetensors import safe_open

        with safe_open(path, framework="pt") as stream:
            step = int((stream.metadata() or {}).get("step", "0"))
        state = load_file(path)
        self._encoder.load_state_dict(_under("encoder.", state))
        self._head.load_state_dict(_under("head.", state))
        self._average = [state[f"average.{number}"] for number in range(len(self._average))]
        moments: dict[int, dict[str, Any]] = {}
        for name, value in _under("optimiser.", state).items():
            number, _, moment = name.partition(".")
            moments.setdefault(int(number), {})[moment] = value
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": moments, "param_groups": groups})
        return step

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


def _under(prefix: str, state: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}

"""Modules under training: their optimiser, the running average of their weights, and how to go on after a kill.

Needs torch; only modules that are imported when something is trained import this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from training.batches import rate_at

_LONGEST_STEP = 1.0
_SOON = 20


class Learner:
    """AdamW (Loshchilov & Hutter 2019) with rates that rise, then fall to zero, over clipped gradients.

    Args:
        modules: what is trained, by name. groups: parameters with their "lr" and "weight_decay".
        averaged: share that the running average of the weights keeps at a step.
        warm_up: share of all steps in which rates rise.

    Attributes:
        modules: as given.
    """

    def __init__(
        self,
        modules: Mapping[str, torch.nn.Module],
        groups: Sequence[dict[str, Any]],
        *,
        averaged: float,
        warm_up: float,
    ) -> None:
        self.modules, self._kept, self._warm_up = modules, averaged, warm_up
        self._optimiser = torch.optim.AdamW(list(groups), fused=True)
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._learning = [p for group in self._optimiser.param_groups for p in group["params"]]
        self._average = [parameter.detach().clone() for parameter in self._learning]

    def step(self, loss: torch.Tensor, step: int, steps: int) -> float:
        """Learn from a loss; comes back with its value."""
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * rate_at(step, steps, self._warm_up)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learning, _LONGEST_STEP)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._follow(step)
        return float(loss.detach())

    def _follow(self, step: int) -> None:
        """Move the running average towards the weights: soon at first, by 1 - `averaged` later."""
        kept = min(self._kept, (step + 1) / (step + _SOON))
        with torch.no_grad():
            torch._foreach_mul_(self._average, kept)
            torch._foreach_add_(self._average, [p.detach() for p in self._learning], alpha=1.0 - kept)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the modules have the running average of their weights (Polyak & Juditsky 1992)."""
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

    def keep(self, path: Path, step: int) -> None:
        """Write the whole state after `step` steps; the file is replaced at once."""
        state = {f"{name}.{key}": v for name, module in self.modules.items() for key, v in module.state_dict().items()}
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
        for name, module in self.modules.items():
            module.load_state_dict(_under(f"{name}.", state))
        self._average = [state[f"average.{number}"] for number in range(len(self._average))]
        moments: dict[int, dict[str, Any]] = {}
        for name, value in _under("optimiser.", state).items():
            number, _, moment = name.partition(".")
            moments.setdefault(int(number), {})[moment] = value
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": moments, "param_groups": groups})
        return step


def _under(prefix: str, state: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def summed_loss(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy summed over themes and averaged over papers by their (n,) weights."""
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1)
    return (loss * weights).mean()

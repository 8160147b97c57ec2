"""Writes optimizers.json: weights after every step of torch.optim's optimizers, of Lion, and of lazy rows (SparseAdam).

Run: python test/golden/make_optimizers.py
Needs torch. Everything is float64 and seeded; nothing here uses the project's own code.
"""

import json
from pathlib import Path

import torch

STEPS, SIZE, ROWS, WIDTH = 12, 9, 6, 3
# Warmup from 0, a peak, a decay to 0: the rate changes at every step.
MULTIPLIERS = [0, 0.5, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.1, 0]


class Lion(torch.optim.Optimizer):
    """Chen et al., 2023, Algorithm 2; the lines are those of google/automl lion/lion_pytorch.py."""

    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_((beta1 * m + (1 - beta1) * p.grad).sign(), alpha=-group["lr"])
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


def runs():
    adam = {"betas": (0.9, 0.999), "eps": 1e-8}
    yield "adamw", torch.optim.AdamW, {"lr": 1e-2, "weight_decay": 0.1, **adam}
    yield "adam", torch.optim.Adam, {"lr": 1e-2, "weight_decay": 0.1, **adam}
    yield "adam", torch.optim.Adam, {"lr": 3e-2, "weight_decay": 0, "betas": (0.8, 0.95), "eps": 1e-6}
    yield "sgd", torch.optim.SGD, {"lr": 5e-2, "weight_decay": 0.1, "momentum": 0.9}
    yield "sgd", torch.optim.SGD, {"lr": 1e-1, "weight_decay": 0, "momentum": 0}
    yield "lion", Lion, {"lr": 3e-3, "weight_decay": 0.5, "betas": (0.9, 0.99)}
    yield "lion", Lion, {"lr": 3e-3, "weight_decay": 0, "betas": (0.95, 0.98)}


def follow(parameter, optimizer, lr, gradients):
    after = []
    for gradient, multiplier in zip(gradients, MULTIPLIERS):
        optimizer.param_groups[0]["lr"] = lr * multiplier
        parameter.grad = gradient.clone()
        optimizer.step()
        after.append(parameter.detach().flatten().tolist())
    return after


def lazy(start, gradients):
    """SparseAdam on a table whose gradient holds the rows of each step alone."""
    parameter = torch.nn.Parameter(start.clone())
    lr, betas, eps = 1e-2, (0.9, 0.999), 1e-8
    # It refuses a rate of 0 when it is made; afterwards it takes any.
    optimizer = torch.optim.SparseAdam([parameter], lr=lr, betas=betas, eps=eps)
    after = follow(parameter, optimizer, lr, [gradient.to_sparse(1) for gradient in gradients])
    return {"options": {"lr": lr, "betas": betas, "eps": eps}, "after_step": after}


def main():
    torch.manual_seed(4)
    torch.set_default_dtype(torch.float64)
    start = torch.randn(SIZE)
    gradients = torch.randn(STEPS, SIZE) * 0.3
    gradients[:, 0] = 0  # a parameter that no loss reaches
    gradients[5] = 0  # a step without gradient
    table = torch.randn(ROWS, WIDTH)
    rows = [[0, 2], [2], [2, 5], [0], [1, 2, 5], [4], [2, 4], [0, 1], [5], [2], [1], [0, 5]]
    row_gradients = torch.zeros(STEPS, ROWS, WIDTH)
    for step, touched in enumerate(rows):
        row_gradients[step, touched] = torch.randn(len(touched), WIDTH) + 0.1
    entries = []
    for name, make, options in runs():
        parameter = torch.nn.Parameter(start.clone())
        after = follow(parameter, make([parameter], **options), options["lr"], gradients)
        entries.append({"name": name, "options": options, "after_step": after})
    values = {
        "source": f"test/golden/make_optimizers.py, torch {torch.__version__}, float64",
        "multipliers": MULTIPLIERS,
        "initial": start.tolist(),
        "gradients": gradients.tolist(),
        "runs": entries,
        "lazy": {
            "shape": [ROWS, WIDTH],
            "initial": table.flatten().tolist(),
            "gradients": row_gradients.flatten(1).tolist(),
            **lazy(table, row_gradients),
        },
    }
    path = Path(__file__).resolve().parent / "optimizers.json"
    path.write_text(json.dumps(values, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

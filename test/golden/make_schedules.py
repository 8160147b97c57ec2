"""Writes lr-schedules.json: the learning rate at every step of short runs, from transformers and PyTorch themselves.

    .venv/bin/python test/golden/make_schedules.py

The environment is that of make_models.py (README.md). Each entry is a run of its own with one parameter group, since
transformers' polynomial schedule takes the optimizer's default rate for all of its groups.
"""

import json
import warnings
from pathlib import Path

import torch
import transformers

# transformers' rates go on after the last step; OneCycleLR ends with it.
STEPS_AFTER_THE_END = 3
# (warmup steps, training steps): with and without warmup, and with numbers that divide nothing.
RUNS = [(4, 20), (0, 16), (7, 33)]
# name, peak rate, options (transformers' and PyTorch's names)
SCHEDULES = [
    ("constant_with_warmup", 1.0, {}),
    ("linear", 1.0, {}),
    ("cosine", 1.0, {}),
    ("cosine_with_restarts", 1.0, {}),
    ("cosine_with_restarts", 1.0, {"num_cycles": 3}),
    ("cosine_with_min_lr", 1.0, {"min_lr_rate": 0.1}),
    ("polynomial", 1e-3, {}),
    ("polynomial", 2e-5, {"power": 2.5, "lr_end": 1e-6}),
    ("polynomial", 2e-5, {"power": 0.5, "lr_end": 0.0}),
    ("inverse_sqrt", 1.0, {}),
    ("warmup_stable_decay", 1.0, {"num_decay_steps": 6}),
    ("warmup_stable_decay", 1.0, {"num_decay_steps": 9, "min_lr_ratio": 0.2}),
    ("warmup_stable_decay", 1.0, {"num_decay_steps": 5, "warmup_type": "cosine", "decay_type": "linear"}),
    (
        "warmup_stable_decay",
        1.0,
        {"num_decay_steps": 7, "warmup_type": "1-sqrt", "decay_type": "1-sqrt", "min_lr_ratio": 0.05},
    ),
]
# OneCycleLR divides by zero where its first phase is one step long, and needs a rise: two warmup steps or more.
ONE_CYCLE_RUNS = [(6, 20), (2, 9), (7, 33)]


def learning_rates(optimizer, scheduler, steps):
    """The rate that each of the optimizer's steps uses."""
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def optimizer_at(lr):
    parameter = torch.nn.Parameter(torch.zeros(1))
    return torch.optim.AdamW([parameter], lr=lr)


def transformers_entry(name, lr, options, warmup, steps):
    optimizer = optimizer_at(lr)
    scheduler = transformers.get_scheduler(name, optimizer, warmup, steps, scheduler_specific_kwargs=dict(options))
    rates = learning_rates(optimizer, scheduler, steps + STEPS_AFTER_THE_END)
    return entry(name, lr, options, warmup, steps, rates)


def one_cycle_entry(warmup, steps):
    optimizer = optimizer_at(1.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=steps, pct_start=warmup / steps)
    return entry("one_cycle", 1.0, {}, warmup, steps, learning_rates(optimizer, scheduler, steps))


def entry(name, lr, options, warmup, steps, rates):
    return {
        "name": name,
        "peak_lr": lr,
        "options": options,
        "num_warmup_steps": warmup,
        "num_training_steps": steps,
        "learning_rates": rates,
    }


def main():
    warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
    entries = [transformers_entry(*schedule, *run) for schedule in SCHEDULES for run in RUNS]
    entries += [one_cycle_entry(*run) for run in ONE_CYCLE_RUNS]
    lines = ",\n".join("  " + json.dumps(entry) for entry in entries)
    source = f"transformers {transformers.__version__} get_scheduler; torch {torch.__version__.split('+')[0]} OneCycleLR"
    text = f'{{\n "source": {json.dumps(source)},\n "meaning": "learning_rates[s]: of optimizer step s, from 0",\n'
    path = Path(__file__).parent / "lr-schedules.json"
    path.write_text(f'{text} "entries": [\n{lines}\n ]\n}}\n')


if __name__ == "__main__":
    main()

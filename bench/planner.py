"""Optuna's samplers on the functions of planner.mjs: one JSON object a study, {problem, sampler, seed, trials: [{x, value}]}.

    python planner.py SEEDS TRIALS
"""

import json
import math
import sys
import warnings

import numpy as np
import optuna

A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
C = np.array([1, 1.2, 3, 3.2])


def branin(u):
    x, y = -5 + 15 * u[0], 15 * u[1]
    bowl = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return bowl * bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann(u):
    return float(-(C * np.exp(-(A * (np.array(u) - P) ** 2).sum(1))).sum())


PROBLEMS = {
    "branin": (branin, 2, 0.0),
    "hartmann6": (hartmann, 6, 0.0),
    "branin-noisy": (branin, 2, 0.05 * 308),
    "hartmann6-noisy": (hartmann, 6, 0.05 * 3.32),
}


def samplers(seed, noisy):
    yield "optuna-tpe", optuna.samplers.TPESampler(seed=seed, multivariate=True)
    yield "optuna-gp", optuna.samplers.GPSampler(seed=seed, deterministic_objective=not noisy)


def main(seeds, trials):
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for problem, (function, d, noise) in PROBLEMS.items():
        for seed in range(seeds):
            for name, sampler in samplers(seed, noise > 0):
                random = np.random.default_rng(seed)

                def objective(trial):
                    x = [trial.suggest_float(f"x{k}", 0, 1) for k in range(d)]
                    return function(x) + noise * random.standard_normal()

                study = optuna.create_study(sampler=sampler)
                study.optimize(objective, n_trials=trials)
                told = [{"x": [t.params[f"x{k}"] for k in range(d)], "value": t.value} for t in study.trials]
                print(json.dumps({"problem": problem, "sampler": name, "seed": seed, "trials": told}), flush=True)


main(int(sys.argv[1]), int(sys.argv[2]))

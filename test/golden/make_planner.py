"""Reference values of the planner's mathematics: scipy's Sobol points, a Gaussian process by numpy's dense solves, ln h(z) of
log expected improvement by numeric integration.

    python test/golden/make_planner.py
"""

import json
import math
from pathlib import Path

import numpy as np
from scipy.integrate import quad
from scipy.stats import multivariate_normal, qmc

HERE = Path(__file__).parent


def sobol():
    points = qmc.Sobol(32, scramble=False, bits=32).random(64)
    return {"firstPoints": points[:16, :8].tolist(), "point63": points[63].tolist()}


def covariance(a, b, lengthscales, scale, kinds):
    delta = a[:, None, :] - b[None, :, :]
    for k, kind in enumerate(kinds):
        if kind == "category":
            delta[:, :, k] = delta[:, :, k] != 0
    r = np.sqrt(((delta / lengthscales) ** 2).sum(-1))
    return scale * (1 + math.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-math.sqrt(5) * r)


def process():
    random = np.random.default_rng(0)
    kinds = ["number", "number", "category"]
    x = np.column_stack([random.random((9, 2)), random.integers(0, 3, 9)])
    y = np.sin(5 * x[:, 0]) + x[:, 1] ** 2 + 0.3 * x[:, 2] - 1
    at = np.column_stack([random.random((4, 2)), [0, 1, 2, 1]])
    lengthscales, scale, noise, least = np.array([0.4, 0.9, 1.3]), 1.7, 0.02, 1e-6
    K = covariance(x, x, lengthscales, scale, kinds) + (noise + least) * np.eye(9)
    k = covariance(at, x, lengthscales, scale, kinds)
    mean = k @ np.linalg.solve(K, y)
    variance = scale - np.einsum("ij,ij->i", k, np.linalg.solve(K, k.T).T)
    return {
        "kinds": kinds,
        "x": x.tolist(),
        "y": y.tolist(),
        "hyperparameters": {"lengthscales": lengthscales.tolist(), "scale": scale, "noise": noise},
        "at": at.tolist(),
        "mean": mean.tolist(),
        "deviation": np.sqrt(variance).tolist(),
        "logLikelihood": float(multivariate_normal(np.zeros(9), K).logpdf(y)),
    }


def log_h(z):
    """h(z) = integral of s phi(z - s) over s > 0; with s = t / c, exp(-z^2 / 2) taken out of it."""
    c = max(1.0, -z)
    part, _ = quad(lambda t: t * math.exp(z * t / c - t * t / (2 * c * c)), 0, 80 if z < 0 else 80 + 2 * z, epsabs=0, epsrel=1e-13, limit=500)
    return -z * z / 2 - math.log(2 * math.pi) / 2 - 2 * math.log(c) + math.log(part)


def improvements():
    zs = [-1e6, -3e4, -9999, -1e3, -100, -71, -38, -10, -5, -2, -1.001, -0.999, -0.5, 0, 0.5, 1, 3, 8]
    return [{"z": z, "logH": log_h(z)} for z in zs]


golden = {"sobol": sobol(), "process": process(), "logH": improvements()}
(HERE / "planner.json").write_text(json.dumps(golden, indent=1) + "\n")

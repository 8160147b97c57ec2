"""Writes regression-forward.json and -gradients.safetensors beside the models of make_models.py, with one output each.

Run: OMP_NUM_THREADS=1 python test/golden/make_regression.py
Needs torch, transformers and safetensors.
"""

import math

import torch
from make_models import FAMILIES, HEADS, HERE, MODELS, checkpoint, draw_batch, named_parameters, random_tensor
from make_models import to_float32, write_json
from safetensors.torch import save_file

TASK = "sequence-classification"


def write_regression(name):
    spec = MODELS[name]
    family, config = spec["family"], spec["config"]
    generator = torch.Generator().manual_seed(spec["seed"] + 1)
    config_class, classes = FAMILIES[family]
    settings = config_class(**config, num_labels=1, problem_type="regression", attn_implementation="eager")
    model = classes[TASK](settings).double().eval()
    tensors, _ = checkpoint(family, spec)
    parameters = dict(named_parameters(model, family))
    head = {name: random_tensor(name, parameters[name].shape, generator) for name in sorted(parameters) if name.startswith(HEADS[family])}
    with torch.no_grad():
        for tensor_name, parameter in parameters.items():
            parameter.copy_({**tensors, **head}[tensor_name].double())
    batch = draw_batch(TASK, config, [], [12, 9, 6, 11], 12, generator)
    # Numbers that float32 holds exactly.
    batch["labels"] = (torch.randn(4, generator=generator, dtype=torch.float64) * 3).float().double().tolist()
    inputs = {key: torch.tensor(value, dtype=torch.float64 if key == "labels" else None) for key, value in batch.items()}
    outputs = model(**inputs)
    outputs.loss.backward()
    gradients = {name: p.grad for name, p in named_parameters(model, family)}
    write_json(HERE / name / "regression-forward.json", {
        "task": TASK, "batch": batch, "loss": float(outputs.loss), "outputs": outputs.logits.squeeze(-1).tolist(),
        "gradient_global_l2": math.sqrt(sum(float(g.square().sum()) for g in gradients.values())),
        "classifier": {name: tensor.tolist() for name, tensor in head.items()},
    })
    save_file(to_float32(gradients), HERE / name / "regression-gradients.safetensors")


if __name__ == "__main__":
    for model_name in ("tiny-bert", "tiny-albert", "tiny-distilbert", "tiny-roberta", "tiny-electra"):
        write_regression(model_name)

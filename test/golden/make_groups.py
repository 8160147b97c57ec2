"""Writes tiny-bert/<task>-groups.json and -groups-final.safetensors: six AdamW steps with more parameter groups than two.

Run: OMP_NUM_THREADS=1 python test/golden/make_groups.py, after make_models.py, whose models and batches it takes.
Token groups are rows of the word table (and of the decoder's bias) as leaves of their own; base rates fall from layer to
layer, as in BEiT's get_num_layer_for_vit; clip_grad_norm_ runs over all leaves, or once over each group's. float64; nothing
here uses the project's own code.
"""

import json
import re

import torch
from safetensors.torch import load_file, save_file

import make_models as golden

STEPS = 6
FAMILY = "bert"
LAYER_LR_DECAY = 0.8
TOKEN_GROUPS = {"special": [2, 3], "frequent": [17, 9, 30]}
GROUPS = {
    **golden.DUAL,
    "head": dict(lr=5e-3, weight_decay=0.05, warmup_steps=1, delay_steps=1, start_factor=0.5),
    "special": dict(lr=3e-4, weight_decay=0.0, warmup_steps=0, delay_steps=2, start_factor=0.0),
    "frequent": dict(lr=4e-3, weight_decay=0.03, warmup_steps=2, delay_steps=0, start_factor=0.25),
}
# Low enough that every step clips.
MAX_GRAD_NORM = {"global": 0.5, "per_group": 0.02}


class GroupedModel(golden.SplitModel):
    """As SplitModel, with the token groups' rows as leaves too."""

    def __init__(self, model, family, vocabulary):
        super().__init__(model, family, vocabulary)
        grouped = [row for rows in TOKEN_GROUPS.values() for row in rows]
        base = [row for row in range(vocabulary) if row not in grouped]
        order = torch.tensor(base + grouped)
        self.back = torch.cat([torch.argsort(order), torch.arange(vocabulary, vocabulary + golden.INTRODUCED)])
        for name in self.split:
            (_, pretrained), introduced = self.leaves[name]
            rows = {"base": base, **TOKEN_GROUPS}
            parts = [(group, pretrained.detach()[rows[group]].clone().requires_grad_()) for group in rows]
            self.leaves[name] = [*parts, introduced]

    def whole(self):
        whole = super().whole()
        return {name: value[self.back] if name in self.split else value for name, value in whole.items()}


def layers_above(name, layers):
    """0 after the last layer, 1 for the last layer, layers + 1 for the embeddings."""
    if ".embeddings." in name:
        return layers + 1
    layer = re.search(r"\.encoder\.layer\.(\d+)\.", name)
    return layers - int(layer.group(1)) if layer else 0


def run(model, vocabulary, layers, batches, clipping):
    split = GroupedModel(model, FAMILY, vocabulary)
    decayed = golden.decayed_names(model)
    settings = []
    for name, parts in split.leaves.items():
        for group, part in parts:
            factor = LAYER_LR_DECAY ** layers_above(name, layers) if group == "base" else 1.0
            decay = GROUPS[group]["weight_decay"] if name in decayed else 0.0
            settings.append({"params": [part], "weight_decay": decay, "group": group, "factor": factor})
    adam = golden.ADAM
    optimizer = torch.optim.AdamW(settings, lr=1.0, betas=(adam["beta1"], adam["beta2"]), eps=adam["epsilon"])
    by_group = {}
    for entry in settings:
        by_group.setdefault(entry["group"], []).extend(entry["params"])
    steps = []
    for step, batch in enumerate(batches):
        for entry in optimizer.param_groups:
            group = GROUPS[entry["group"]]
            entry["lr"] = group["lr"] * golden.multiplier(group, step) * entry["factor"]
        optimizer.zero_grad()
        loss = split(**golden.tensors_of(batch)).loss
        loss.backward()
        norms = {group: float(torch.nn.utils.get_total_norm([p.grad for p in parts])) for group, parts in by_group.items()}
        total = float(torch.nn.utils.get_total_norm([p.grad for parts in by_group.values() for p in parts]))
        clipped = by_group.values() if clipping == "per_group" else [[p for parts in by_group.values() for p in parts]]
        before = [float(torch.nn.utils.clip_grad_norm_(parts, MAX_GRAD_NORM[clipping])) for parts in clipped]
        assert max(before) > MAX_GRAD_NORM[clipping], "every step must clip something"
        optimizer.step()
        steps.append({"loss": loss.item(), "grad_norm": total, "group_norms": norms})
    return steps, split.whole()


def write(task):
    folder = golden.HERE / "tiny-bert"
    spec = golden.MODELS["tiny-bert"]
    start = json.loads((folder / f"{task}-steps.json").read_text())
    stored = {name: tensor.double() for name, tensor in load_file(folder / "model.safetensors").items()}
    rows = torch.tensor(start["introduced_rows"], dtype=torch.float64)
    bias = torch.tensor(start.get("introduced_bias", [0.0] * golden.INTRODUCED), dtype=torch.float64)
    head = {name: torch.tensor(value, dtype=torch.float64) for name, value in start.get("classifier", {}).items()}
    tensors = {**golden.resized(stored, FAMILY, task, rows, bias), **head}
    vocabulary, layers = start["vocabulary_size"], spec["config"]["num_hidden_layers"]
    runs = {}
    for clipping in MAX_GRAD_NORM:
        config = dict(vocab_size=vocabulary + golden.INTRODUCED)
        model = golden.build(FAMILY, task, spec["config"], tensors, **config)
        steps, final = run(model, vocabulary, layers, start["batches"][:STEPS], clipping)
        runs[clipping] = {"max_grad_norm": MAX_GRAD_NORM[clipping], "steps": steps}
        save_file(golden.to_float32(final), folder / f"{task}-groups-{clipping}-final.safetensors")
    values = {"layer_lr_decay": LAYER_LR_DECAY, "token_groups": TOKEN_GROUPS, "groups": GROUPS, "runs": runs}
    golden.write_json(folder / f"{task}-groups.json", values)


if __name__ == "__main__":
    for name in ("masked-lm", "sequence-classification"):
        write(name)

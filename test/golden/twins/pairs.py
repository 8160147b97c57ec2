"""Trains trial 4 of the study letters (sequence-classification) with PyTorch and transformers.

Written by dualrate export. Its best loss was 2.123456789012345, after step 40 (seed 3).
Order, masks and dropout are drawn by other generators here: expect about that, not the same digits.

The introduced tokens' rows are parameters of their own (SplitRows), with their own learning rate,
schedule, weight decay and optimizer state.
"""

import argparse
import csv
import hashlib
import json
import math
import random
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.func import functional_call
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = Path(__file__).resolve().parent
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

MODEL = HERE / "../models/tiny"
TRAIN_FILE = HERE / "all.csv"
VALIDATION_FILE = TRAIN_FILE
VALIDATION_SHARE = 0.1
SPLIT_SEED = 3
TEST_SHARE = 0.2
TEXT = "text"
TEXT_PAIR = "other"
LABEL = "label"

TOKENS = ["<A>", "b: c"]
SPECIAL = True
OWN_INIT = {"b: c": "subword_mean"}
COPIED_FROM = {"<A>": "cat"}
# Existing tokens with rates of their own.
TOKEN_GROUPS = {
    "special": ["[CLS]", "[SEP]"],
}

# Each parameter group by its peak rate; that of the introduced rows is 10 times the base's.
GROUPS = {
    "base": {
        "lr": 0.0001,
        "weight_decay": 0.01,
        "schedule": "cosine",
        "warmup_steps": 0,
        "delay_steps": 0,
        "start_factor": 0,
    },
    "head": {
        "lr": 0.0001,
        "weight_decay": 0.01,
        "schedule": "cosine",
        "warmup_steps": 0,
        "delay_steps": 0,
        "start_factor": 0,
    },
    "introduced": {
        "lr": 0.001,
        "weight_decay": 0.01,
        "schedule": "one_cycle",
        "warmup_steps": 11,
        "delay_steps": 0,
        "start_factor": 0.04,
        "warmup_curve": "cosine",
        "end_factor": 0.000004,
    },
    "special": {
        "lr": 0.00005,
        "weight_decay": 0.01,
        "schedule": "cosine",
        "warmup_steps": 0,
        "delay_steps": 0,
        "start_factor": 0,
    },
}

MAX_LENGTH = 64
BATCH_SIZE = 16
ACCUMULATION_STEPS = 2
TOTAL_STEPS = 60
EVAL_STEPS = 20
EVAL_BATCH_SIZE = 32
PATIENCE = 3
MAX_GRAD_NORM = 1
BASE_FROZEN_STEPS = 6
LAYER_LR_DECAY = 0.9
SEED = 7


def read_table(file, delimiter):
    """Rows by the names in the first one."""
    with open(file, encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter, strict=True))


def part(records, name):
    """One file's share: which split a text falls into is a hash of it."""
    return [record for record in records if split_of(record[TEXT]) == name]


def split_of(text):
    digest = hashlib.sha256(f"{SPLIT_SEED}\n{text.strip()}".encode()).digest()
    uniform = int.from_bytes(digest[:6], "big") / 2**48
    if uniform < VALIDATION_SHARE:
        return "validation"
    return "test" if uniform < VALIDATION_SHARE + TEST_SHARE else "train"


def class_name(record):
    """JSON's true and false are class names, too."""
    label = record[LABEL]
    return str(label).lower() if isinstance(label, bool) else str(label)


def class_names(records):
    """Those of the training examples, in the order in which people count: RX_2 before RX_10."""

    def parts(name):
        numbers = re.split(r"(\d+)", name)
        return [int(part) if part.isdigit() else part.lower() for part in numbers], name.swapcase()

    return sorted({class_name(record) for record in records}, key=parts)


def encode(records, tokenizer, classes):
    examples = []
    for record in records:
        text = tokenizer(record[TEXT], record[TEXT_PAIR], truncation=True, max_length=MAX_LENGTH)
        example = {"input_ids": text["input_ids"]}
        if "token_type_ids" in text:
            example["token_type_ids"] = text["token_type_ids"]
        example["label"] = classes.index(class_name(record))
        examples.append(example)
    return examples


def padded(lists, value):
    longest = max(map(len, lists))
    return torch.tensor([items + [value] * (longest - len(items)) for items in lists])


def collate(examples, tokenizer):
    ids = [example["input_ids"] for example in examples]
    batch = {
        "input_ids": padded(ids, tokenizer.pad_token_id or 0),
        "attention_mask": padded([[1] * len(text) for text in ids], 0),
        "labels": torch.tensor([example["label"] for example in examples]),
    }
    if "token_type_ids" in examples[0]:
        types = [example["token_type_ids"] for example in examples]
        batch["token_type_ids"] = padded(types, 0)
    return {name: tensor.to(DEVICE) for name, tensor in batch.items()}


def training_order(examples, rng):
    """Steps, epoch after epoch, as lists of batches of examples of about the same length."""
    while True:
        order = rng.sample(examples, len(examples))
        size = BATCH_SIZE * max(1, min(50, len(order) // (BATCH_SIZE * 4)))
        chunks = [order[i : i + size] for i in range(0, len(order), size)]
        for chunk in chunks:
            chunk.sort(key=lambda example: len(example["input_ids"]), reverse=True)
        order = [example for chunk in chunks for example in chunk]
        batches = [order[i : i + BATCH_SIZE] for i in range(0, len(order), BATCH_SIZE)]
        rng.shuffle(batches)  # or the lengths would follow the learning rate
        for i in range(0, len(batches), ACCUMULATION_STEPS):
            yield batches[i : i + ACCUMULATION_STEPS]


def exported_steps(file):
    """The batches of `dualrate export --train-batches`, by step."""
    steps = {}
    for line in open(file, encoding="utf-8"):
        batch = json.loads(line)
        tensors = {name: torch.tensor(values, device=DEVICE) for name, values in batch.items()}
        steps.setdefault(tensors.pop("step").item(), []).append(tensors)
    return list(steps.values())


def vocabulary_tables(model):
    """The parameters with an entry for each token, by name: here the word table alone."""
    table = model.get_input_embeddings().weight
    return {name: p for name, p in model.named_parameters() if p is table}


def first_row(token, rows, subwords, copied, spread):
    """The first value of a token's row, from the pretrained rows [V, E]."""
    if token in copied:
        return rows[copied[token]]
    if OWN_INIT.get(token) == "subword_mean":
        return rows[subwords[token]].mean(0)
    return spread * torch.randn(rows.shape[1])


def load(classes, start):
    """The model with the introduced tokens, its tables split into row groups, and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    # What the tokenizer makes of the tokens as long as it does not know them.
    subwords = {t: tokenizer(t, add_special_tokens=False)["input_ids"] for t in TOKENS}
    copied = {t: tokenizer.convert_tokens_to_ids(of) for t, of in COPIED_FROM.items()}
    model, info = AutoModelForSequenceClassification.from_pretrained(
        MODEL,
        dtype=torch.float32,
        id2label=dict(enumerate(classes)),
        label2id={name: index for index, name in enumerate(classes)},
        output_loading_info=True,
    )
    spread = model.config.initializer_range
    old = {name: table.detach().clone() for name, table in vocabulary_tables(model).items()}
    tokenizer.add_tokens(TOKENS, special_tokens=SPECIAL)
    rows = max(model.config.vocab_size, len(tokenizer))
    model.resize_token_embeddings(rows, mean_resizing=False)
    introduced = tokenizer.convert_tokens_to_ids(TOKENS)
    for name, table in vocabulary_tables(model).items():
        for token, row in zip(TOKENS, introduced):
            table.data[row] = first_row(token, old[name], subwords, copied, spread)
    if start:
        unknown = model.load_state_dict(load_file(start), strict=False).unexpected_keys
        assert not unknown, f"{start} is of another model: it has {unknown}"
    ids = {group: tokenizer.convert_tokens_to_ids(t) for group, t in TOKEN_GROUPS.items()}
    split = SplitRows(model, {**ids, "introduced": introduced})
    return split.to(DEVICE), tokenizer, info["missing_keys"]


class SplitRows(nn.Module):
    """A model whose tables with a row for each token are made of parameters of their own, one for
    each group of rows, so that each has its own rate and its own optimizer state. (One parameter
    with scaled gradients would not do: Adam's steps do not depend on the gradient's scale.)

    In your own trainer, call it in the model's place, give parameter_groups() to the optimizer, and
    call merge() before you save `model`."""

    def __init__(self, model, ids):
        """ids: for each group but the base, which gets all others, its token ids."""
        super().__init__()
        self.model = model
        tables = vocabulary_tables(model)
        self.names = list(tables)
        size = len(tables[self.names[0]])
        others = {i for group in ids.values() for i in group}
        ids = {"base": [i for i in range(size) if i not in others], **ids}
        self.groups = list(ids)
        # Where each id's row lies in the groups put one after the other.
        order = torch.tensor([i for group in ids.values() for i in group])
        self.register_buffer("place", torch.argsort(order))
        self.parts = nn.ModuleList(
            nn.ParameterDict({group: nn.Parameter(table.data[own]) for group, own in ids.items()})
            for table in tables.values()
        )
        for table in tables.values():
            table.requires_grad_(False)

    def tables(self):
        rows = [torch.cat([parts[group] for group in self.groups]) for parts in self.parts]
        return {name: table[self.place] for name, table in zip(self.names, rows)}

    def forward(self, **batch):
        # Tied weights follow the one that is named here.
        return functional_call(self.model, self.tables(), kwargs=batch)

    @torch.no_grad()
    def merge(self):
        """Copies the rows back into the model."""
        for name, table in self.tables().items():
            self.model.get_parameter(name).copy_(table)


def cosine(g, s, w, t):
    p = (s - w) / max(1, t - w)
    return max(0.0, 0.5 * (1 + math.cos(math.pi * p)))


def one_cycle(g, s, w, t):
    p = min(1.0, (s - w) / max(1, t - 1 - w))
    return max(0.0, 0.5 * (1 + math.cos(math.pi * p))) * (1 - g["end_factor"]) + g["end_factor"]


CURVES = {
    "cosine": lambda q: 0.5 * (1 - math.cos(math.pi * q)),
    "linear": lambda q: q,
}
DECAYS = {"cosine": cosine, "one_cycle": one_cycle}


def multiplier(g, step):
    """What a group's learning rate is multiplied by, `step` optimizer steps done: nothing until its
    delay is over, a ramp from start_factor to 1, then its schedule over the steps that are left."""
    since = step - g["delay_steps"]
    if since < 0:
        return 0.0
    if since < g["warmup_steps"]:
        rise = CURVES[g.get("warmup_curve", "linear")](since / g["warmup_steps"])
        return g["start_factor"] + (1 - g["start_factor"]) * rise
    return DECAYS[g["schedule"]](g, since, g["warmup_steps"], TOTAL_STEPS - g["delay_steps"])


LAYER = re.compile(r"\.(layer|layers|h|albert_layer_groups)\.(\d+)\.")
EMBEDDINGS = re.compile(r"embed|\.wte\.|\.wpe\.")


def layers_above(name, layers):
    """0 for what follows the last layer, 1 for the last, layers + 1 for embeddings."""
    layer = LAYER.search(name)
    if layer:
        return layers - int(layer[2])
    return layers + 1 if EMBEDDINGS.search(name) else 0


def parameter_groups(split, new):
    """Every parameter once. What shares rate and decay is one group of the optimizer. Vectors
    (biases and norm weights) do not decay, as in Hugging Face's Trainer."""
    names = [name for name, _ in split.model.named_parameters()]
    layers = len({layer[2] for layer in map(LAYER.search, names) if layer})
    members = {}
    for name, parameter in split.model.named_parameters():
        if not parameter.requires_grad:  # a table, whose row groups follow below
            continue
        group = "head" if name in new else "base"
        level = layers_above(name, layers) if group == "base" else 0
        key = (group, parameter.ndim > 1, level)
        members.setdefault(key, []).append(parameter)
    for name, parts in zip(split.names, split.parts):
        for group, rows in parts.items():
            level = layers_above(name, layers) if group == "base" else 0
            key = (group, rows.ndim > 1, level)
            members.setdefault(key, []).append(rows)
    return [
        {
            "name": group,
            "params": parameters,
            "weight_decay": GROUPS[group]["weight_decay"] if decays else 0.0,
            "factor": LAYER_LR_DECAY**level,
        }
        for (group, decays, level), parameters in members.items()
    ]


class Lion(torch.optim.Optimizer):
    """Chen et al. (2023), "Symbolic Discovery of Optimization Algorithms", Algorithm 2."""

    def __init__(self, groups, betas):
        super().__init__(groups, {"lr": 0.0, "weight_decay": 0.0, "betas": betas})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("momentum", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * torch.sign(beta1 * m + (1 - beta1) * p.grad))
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


def train_step(split, optimizer, batches, step):
    """One optimizer step over micro-batches, each target counted alike; returns the mean loss."""
    optimizer.zero_grad()
    count = max(1, sum(target_count(batch) for batch in batches))
    total = 0.0
    for batch in batches:
        loss = target_losses(split, batch)[0].sum() / count
        loss.backward()
        total += loss.item()
    for group in optimizer.param_groups:
        rate = GROUPS[group["name"]]["lr"] * group["factor"]
        group["lr"] = rate * multiplier(GROUPS[group["name"]], step)
        if group["name"] == "base" and step < BASE_FROZEN_STEPS:
            for parameter in group["params"]:
                parameter.grad = None  # torch leaves the moments of such alone, too
    # Each group by its own norm: a steep one does not slow the others down.
    for name in GROUPS:
        own = [group["params"] for group in optimizer.param_groups if group["name"] == name]
        nn.utils.clip_grad_norm_(sum(own, []), MAX_GRAD_NORM)
    optimizer.step()
    return total


def target_labels(batch):
    return batch["labels"].flatten()


def target_count(batch):
    return (target_labels(batch) != -100).sum().item()


def target_losses(split, batch):
    """Losses (0 where nothing is asked for) and logits of the targets [T]."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits = split(**inputs).logits
    logits = logits.reshape(-1, logits.shape[-1])
    return F.cross_entropy(logits, target_labels(batch), reduction="none"), logits


@torch.no_grad()
def evaluate(split, batches):
    """The mean loss, each target counted alike."""
    split.eval()
    total, count = 0.0, 0
    for batch in batches:
        labels = target_labels(batch)
        losses, logits = target_losses(split, batch)
        counted = labels != -100
        total += losses[counted].sum().item()
        count += counted.sum().item()
    return total / count


def train(split, tokenizer, optimizer, examples, classes, output):
    """Trains, and saves the model of the best evaluation."""
    validation = encode(part(read_table(VALIDATION_FILE, ","), "validation"), tokenizer, classes)
    validation = [
        collate(validation[i : i + EVAL_BATCH_SIZE], tokenizer)
        for i in range(0, len(validation), EVAL_BATCH_SIZE)
    ]
    rng = random.Random(SEED + 1)
    best = None
    worse = 0
    for step, chosen in zip(range(TOTAL_STEPS), training_order(examples, rng)):
        split.eval()  # the trial's dropout is off
        batches = [collate(batch, tokenizer) for batch in chosen]
        loss = train_step(split, optimizer, batches, step)
        done = step + 1
        if done % EVAL_STEPS and done < TOTAL_STEPS:
            continue
        value = evaluate(split, validation)
        print(f"step {done}/{TOTAL_STEPS} training loss {loss:.4f} validation loss {value:.4f}")
        if best is None or value < best:
            best = value
            worse = 0
            split.merge()
            split.model.save_pretrained(output)
            tokenizer.save_pretrained(output)
        else:
            worse += 1
            if worse >= PATIENCE:
                break
    print(f"best validation loss {best:.4f}, saved in {output}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="trained-model", help="a new folder for the model")
    parser.add_argument("--start", help="first values, as dualrate export --start-weights has them")
    parser.add_argument("--batches", help="train on these batches only, and print the losses")
    options = parser.parse_args()
    if not options.batches and Path(options.output).exists():
        parser.error(f"{options.output} exists already: name another folder with --output")
    torch.manual_seed(SEED)
    records = part(read_table(TRAIN_FILE, ","), "train")
    classes = class_names(records)
    split, tokenizer, new = load(classes, options.start)
    optimizer = Lion(parameter_groups(split, new), betas=(0.9, 0.99))
    if options.batches:
        for step, batches in enumerate(exported_steps(options.batches)):
            split.eval()
            print(f"step {step + 1} loss {train_step(split, optimizer, batches, step):.7f}")
        return
    examples = encode(records, tokenizer, classes)
    train(split, tokenizer, optimizer, examples, classes, options.output)


if __name__ == "__main__":
    main()

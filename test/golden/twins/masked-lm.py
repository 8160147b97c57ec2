"""Trains trial 4 of the study letters (masked-lm) with PyTorch and transformers.

Written by dualrate export. Its best loss was 2.123456789012345, after step 40 (seed 3).
Order, masks and dropout are drawn by other generators here: expect about that, not the same digits.

The introduced tokens' rows are parameters of their own (SplitRows), with their own learning rate,
schedule, weight decay and optimizer state.
"""

import argparse
import json
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.func import functional_call
from transformers import AutoModelForMaskedLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

MODEL = HERE / "../models/tiny"
TRAIN_FILE = HERE / "train.jsonl"
VALIDATION_FILE = HERE / "valid.jsonl"
TEXT = "text"

TOKENS = ["<A>", "b: c"]
SPECIAL = False

# Each parameter group by its peak rate; that of the introduced rows is 10 times the base's.
GROUPS = {
    "base": {
        "lr": 0.0001,
        "weight_decay": 0.01,
        "schedule": "linear",
        "warmup_steps": 6,
        "delay_steps": 0,
        "start_factor": 0,
    },
    "introduced": {
        "lr": 0.001,
        "weight_decay": 0.01,
        "schedule": "linear",
        "warmup_steps": 6,
        "delay_steps": 0,
        "start_factor": 0.2,
    },
}

MAX_LENGTH = 64
MASK_PROBABILITY = 0.15
INTRODUCED_MASK_PROBABILITY = 1
MASK_SHARE = 0.8
RANDOM_SHARE = 0.1
BATCH_SIZE = 16
ACCUMULATION_STEPS = 1
TOTAL_STEPS = 60
EVAL_STEPS = 20
EVAL_BATCH_SIZE = 32
MAX_GRAD_NORM = 1
SEED = 7


def read_jsonl(file):
    with open(file, encoding="utf-8-sig", newline="\n") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def encode(records, tokenizer):
    examples = []
    for record in records:
        text = tokenizer(record[TEXT], truncation=True, max_length=MAX_LENGTH)
        example = {"input_ids": text["input_ids"]}
        if "token_type_ids" in text:
            example["token_type_ids"] = text["token_type_ids"]
        examples.append(example)
    return examples


def mask(example, tokenizer, introduced, size, rng):
    """The ids that the model sees, and as labels those that it is asked for (-100: none). Of
    those some become the mask token, some a random one, and the rest stay (BERT's rule)."""
    t = tokenizer
    never = {t.pad_token_id, t.cls_token_id, t.sep_token_id, t.mask_token_id, t.unk_token_id}
    ids = list(example["input_ids"])
    labels = [-100] * len(ids)
    for i, token in enumerate(ids):
        probability = INTRODUCED_MASK_PROBABILITY if token in introduced else MASK_PROBABILITY
        asked = token not in never and rng.random() < probability
        if not asked:
            continue
        labels[i] = token
        draw = rng.random()
        if draw < MASK_SHARE:
            ids[i] = tokenizer.mask_token_id
        elif draw < MASK_SHARE + RANDOM_SHARE:
            ids[i] = rng.randrange(size)
    return ids, labels


def padded(lists, value):
    longest = max(map(len, lists))
    return torch.tensor([items + [value] * (longest - len(items)) for items in lists])


def collate(examples, tokenizer, introduced, size, rng):
    masked = [mask(example, tokenizer, introduced, size, rng) for example in examples]
    ids = [ids for ids, _ in masked]
    batch = {
        "input_ids": padded(ids, tokenizer.pad_token_id or 0),
        "attention_mask": padded([[1] * len(text) for text in ids], 0),
        "labels": padded([labels for _, labels in masked], -100),
    }
    if "token_type_ids" in examples[0]:
        types = [example["token_type_ids"] for example in examples]
        batch["token_type_ids"] = padded(types, 0)
    return {name: tensor.to(DEVICE) for name, tensor in batch.items()}


def training_order(examples, rng):
    """Steps, epoch after epoch, as lists of batches of examples."""
    while True:
        order = rng.sample(examples, len(examples))
        batches = [order[i : i + BATCH_SIZE] for i in range(0, len(order), BATCH_SIZE)]
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
    """The parameters with an entry for each token, by name: the word table, the output layer's
    weight where it is not tied to it, and its bias where it has one. Tied ones come once."""
    output = model.get_output_embeddings()
    tables = [model.get_input_embeddings().weight, output.weight, getattr(output, "bias", None)]
    return {name: p for name, p in model.named_parameters() if any(p is table for table in tables)}


def first_row(token, rows):
    """The first value of a token's row, from the pretrained rows [V, E]."""
    return rows.mean(0)


def first_bias(token, bias):
    """The first value of a token's entry of the output bias, from the pretrained entries [V]."""
    return bias.min()


def load(start):
    """The model with the introduced tokens, its tables split into row groups, and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForMaskedLM.from_pretrained(MODEL, dtype=torch.float32)
    old = {name: table.detach().clone() for name, table in vocabulary_tables(model).items()}
    tokenizer.add_tokens(TOKENS, special_tokens=SPECIAL)
    rows = max(model.config.vocab_size, len(tokenizer))
    model.resize_token_embeddings(rows, mean_resizing=False)
    introduced = tokenizer.convert_tokens_to_ids(TOKENS)
    for name, table in vocabulary_tables(model).items():
        for token, row in zip(TOKENS, introduced):
            if table.ndim == 1:  # the output bias
                table.data[row] = first_bias(token, old[name])
                continue
            table.data[row] = first_row(token, old[name])
    if start:
        unknown = model.load_state_dict(load_file(start), strict=False).unexpected_keys
        assert not unknown, f"{start} is of another model: it has {unknown}"
    split = SplitRows(model, {"introduced": introduced})
    return split.to(DEVICE), tokenizer


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


def linear(g, s, w, t):
    return max(0.0, (t - s) / max(1, t - w))


DECAYS = {"linear": linear}


def multiplier(g, step):
    """What a group's learning rate is multiplied by, `step` optimizer steps done: nothing until its
    delay is over, a ramp from start_factor to 1, then its schedule over the steps that are left."""
    since = step - g["delay_steps"]
    if since < 0:
        return 0.0
    if since < g["warmup_steps"]:
        rise = since / g["warmup_steps"]
        return g["start_factor"] + (1 - g["start_factor"]) * rise
    return DECAYS[g["schedule"]](g, since, g["warmup_steps"], TOTAL_STEPS - g["delay_steps"])


def parameter_groups(split):
    """Every parameter once. What shares rate and decay is one group of the optimizer. Vectors
    (biases and norm weights) do not decay, as in Hugging Face's Trainer."""
    members = {}
    for name, parameter in split.model.named_parameters():
        if not parameter.requires_grad:  # a table, whose row groups follow below
            continue
        key = ("base", parameter.ndim > 1)
        members.setdefault(key, []).append(parameter)
    for name, parts in zip(split.names, split.parts):
        for group, rows in parts.items():
            key = (group, rows.ndim > 1)
            members.setdefault(key, []).append(rows)
    return [
        {
            "name": group,
            "params": parameters,
            "weight_decay": GROUPS[group]["weight_decay"] if decays else 0.0,
        }
        for (group, decays), parameters in members.items()
    ]


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
        rate = GROUPS[group["name"]]["lr"]
        group["lr"] = rate * multiplier(GROUPS[group["name"]], step)
    nn.utils.clip_grad_norm_(split.parameters(), MAX_GRAD_NORM)
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


def train(split, tokenizer, optimizer, examples, output):
    """Trains, and saves the model of the best evaluation."""
    introduced = set(tokenizer.convert_tokens_to_ids(TOKENS))
    size = split.model.config.vocab_size
    validation = encode(read_jsonl(VALIDATION_FILE), tokenizer)
    # Masked once, so that evaluations compare.
    rng = random.Random(SEED)
    validation = [
        collate(validation[i : i + EVAL_BATCH_SIZE], tokenizer, introduced, size, rng)
        for i in range(0, len(validation), EVAL_BATCH_SIZE)
    ]
    rng = random.Random(SEED + 1)
    best = None
    for step, chosen in zip(range(TOTAL_STEPS), training_order(examples, rng)):
        split.train()
        batches = [collate(batch, tokenizer, introduced, size, rng) for batch in chosen]
        loss = train_step(split, optimizer, batches, step)
        done = step + 1
        if done % EVAL_STEPS and done < TOTAL_STEPS:
            continue
        value = evaluate(split, validation)
        print(f"step {done}/{TOTAL_STEPS} training loss {loss:.4f} validation loss {value:.4f}")
        if best is None or value < best:
            best = value
            split.merge()
            split.model.save_pretrained(output)
            tokenizer.save_pretrained(output)
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
    records = read_jsonl(TRAIN_FILE)
    split, tokenizer = load(options.start)
    optimizer = torch.optim.AdamW(
        parameter_groups(split), lr=0.0, betas=(0.9, 0.999), eps=1e-8
    )
    if options.batches:
        for step, batches in enumerate(exported_steps(options.batches)):
            split.train()
            print(f"step {step + 1} loss {train_step(split, optimizer, batches, step):.7f}")
        return
    examples = encode(records, tokenizer)
    train(split, tokenizer, optimizer, examples, options.output)


if __name__ == "__main__":
    main()

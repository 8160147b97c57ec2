"""Loads a folder that `dualrate export --checkpoint DIR --batches FILE` wrote with Hugging Face transformers, and compares
the loss on those batches with the trial's: python check_export.py DIR FILE LOSS [TEXT]. Exit status 1 where they differ by 1e-4,
or where the logits of the first batch differ from ours, which export-logits.mjs computes (after `npm run build`)."""

import json
import subprocess
import sys
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

folder, batches, expected = sys.argv[1], sys.argv[2], float(sys.argv[3])
config = AutoConfig.from_pretrained(folder)
[architecture] = config.architectures
regression = config.problem_type == "regression"
AUTO = {
    "MaskedLM": AutoModelForMaskedLM,
    "CausalLM": AutoModelForCausalLM,
    "LMHeadModel": AutoModelForCausalLM,
    "ForSequenceClassification": AutoModelForSequenceClassification,
    "ForTokenClassification": AutoModelForTokenClassification,
}
[auto] = [AUTO[suffix] for suffix in AUTO if architecture.endswith(suffix)]
causal = auto is AutoModelForCausalLM
model, info = auto.from_pretrained(folder, output_loading_info=True)
model.eval()
for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
    assert not info[kind], (kind, info[kind])

command = ["node", str(Path(__file__).with_name("export-logits.mjs")), folder, batches]
ours = torch.tensor(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def distance(logits, labels):
    """Of the logits of all targets, in the order of their flat positions. Texts that only fill a batch are none."""
    known = labels.reshape(-1) != -100
    theirs = logits.reshape(-1, logits.shape[-1])[known]
    return (theirs - (ours[known] if logits.ndim == 2 else ours)).abs().max().item()


apart = None
total, count = 0.0, 0
with torch.no_grad():
    for line in open(batches):
        batch = {name: torch.tensor(values) for name, values in json.loads(line).items()}
        labels = batch.pop("labels")
        if regression:
            # The model's own loss, a mean.
            output = model(**batch, labels=labels)
            apart = apart or (output.logits - ours).abs().max().item()
            total += output.loss.item() * len(labels)
            count += len(labels)
            continue
        logits = model(**batch).logits
        if causal:  # each position answers for the next one
            logits, labels = logits[:, :-1], labels[:, 1:]
        if apart is None:
            apart = distance(logits, labels)
        total += torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100, reduction="sum"
        ).item()
        count += (labels != -100).sum().item()
loss = total / count
print(f"loss {loss:.7f}, expected {expected:.7f}, difference {abs(loss - expected):.1e}, over {count} targets")
print(f"logits of the first batch, largest difference {apart:.1e}")

tokenizer = AutoTokenizer.from_pretrained(folder)
assert len(tokenizer) <= model.config.vocab_size, (len(tokenizer), model.config.vocab_size)
for text in sys.argv[4:]:
    print(text, tokenizer.tokenize(text), tokenizer(text)["input_ids"])
sys.exit(abs(loss - expected) > 1e-4 or apart > 1e-4)

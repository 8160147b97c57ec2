"""Loads a folder that `dualrate export --checkpoint DIR --batches FILE` wrote with Hugging Face transformers, and compares
the loss on those batches with the trial's: python check_export.py DIR FILE LOSS [TEXT]. Exit status 1 where they differ by 1e-4.

The loss stands for the logits: the tests compare our logits with transformers' on every architecture and task (golden
values), and our loss on the exported folder with the trial's; here transformers' loss on it is compared with the same."""

import json
import sys

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

total, count = 0.0, 0
with torch.no_grad():
    for line in open(batches):
        batch = {name: torch.tensor(values) for name, values in json.loads(line).items()}
        labels = batch.pop("labels")
        if regression:
            # The model's own loss, a mean.
            total += model(**batch, labels=labels).loss.item() * len(labels)
            count += len(labels)
            continue
        logits = model(**batch).logits
        if causal:  # each position answers for the next one
            logits, labels = logits[:, :-1], labels[:, 1:]
        total += torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100, reduction="sum"
        ).item()
        count += (labels != -100).sum().item()
loss = total / count
print(f"loss {loss:.7f}, expected {expected:.7f}, difference {abs(loss - expected):.1e}, over {count} targets")

tokenizer = AutoTokenizer.from_pretrained(folder)
assert len(tokenizer) <= model.config.vocab_size, (len(tokenizer), model.config.vocab_size)
for text in sys.argv[4:]:
    print(text, tokenizer.tokenize(text), tokenizer(text)["input_ids"])
sys.exit(abs(loss - expected) > 1e-4)

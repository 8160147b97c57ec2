"""Loads a folder that `dualrate export --checkpoint DIR --batches FILE` wrote with Hugging Face transformers, and compares
the loss on those batches with the trial's: python check_export.py DIR FILE LOSS [TEXT]. Exit status 1 where they differ by 1e-4."""

import json
import sys

import torch
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

folder, batches, expected = sys.argv[1], sys.argv[2], float(sys.argv[3])
AUTO = {
    "ForMaskedLM": AutoModelForMaskedLM, "ForSequenceClassification": AutoModelForSequenceClassification,
    "ForTokenClassification": AutoModelForTokenClassification,
}
[architecture] = AutoConfig.from_pretrained(folder).architectures
auto = AUTO[architecture[architecture.index("For"):]]
model, info = auto.from_pretrained(folder, output_loading_info=True)
model.eval()
for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
    assert not info[kind], (kind, info[kind])

total, count = 0.0, 0
with torch.no_grad():
    for line in open(batches):
        batch = {name: torch.tensor(values) for name, values in json.loads(line).items()}
        labels = batch.pop("labels")
        logits = model(**batch).logits
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

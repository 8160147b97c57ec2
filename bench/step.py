"""The peer of bench/step.mjs: the same step on Hugging Face's BERT and torch.optim.AdamW, eager, one thread."""

import json
import resource
import sys
import time

import torch
import transformers
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

request = json.loads(sys.argv[1])
if request.get("version"):
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__}))
    sys.exit()

torch.set_num_threads(1)
torch.manual_seed(0)
rows, batch, length = request["vocabulary"] + 16, request["batch"], request["length"]
masked = request["task"] == "masked-lm"
config = BertConfig(
    vocab_size=rows, hidden_size=request["hidden"], num_hidden_layers=request["layers"],
    num_attention_heads=request["heads"], intermediate_size=request["intermediate"],
    hidden_dropout_prob=request["dropout"], attention_probs_dropout_prob=request["dropout"], num_labels=2,
)
model = (BertForMaskedLM if masked else BertForSequenceClassification)(config).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
ids = torch.tensor([(i * 7919) % rows for i in range(batch * length)]).view(batch, length)
labels = torch.arange(batch) % 2
if masked:
    labels = torch.full((batch * length,), -100)
    labels[::7] = ids.view(-1)[::7]
    labels = labels.view(batch, length)

times = []
for _ in range(request["steps"] + 2):
    start = time.perf_counter()
    optimizer.zero_grad()
    model(input_ids=ids, labels=labels).loss.backward()
    optimizer.step()
    times.append((time.perf_counter() - start) * 1000)
times = sorted(times[2:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"ms": times[len(times) // 2], "peak": peak}))

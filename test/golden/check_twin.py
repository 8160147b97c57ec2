"""Checks the scripts of `dualrate export --format python`: for several trials on tiny models, the losses of 20 steps on the
exported batches, from the exported weights, against the trial's own. By hand, after `npm run build`:
python check_twin.py [CASE ...]. Exit status 1 where one differs by 1e-4 or more, or a script fails on the user's files."""

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

GOLDEN = Path(__file__).resolve().parent
CLI = GOLDEN.parent.parent / "dist" / "cli.js"
SPECIALS = "[PAD] [UNK] [CLS] [SEP] [MASK]".split()
WORDS = SPECIALS + "the cat dog sees a cell ##ular ##s big red x ##y z ##z".split()
TEXTS = ["the cat sees <new>", "a big dog sees the <new>", "zyx sees a red cat", "the zyx sees the dogs", "cellular zyx"]
TRAINER = {"max_steps": 20, "eval_steps": 1, "batch_size": 4, "max_length": 16, "dropout": False}
RATES = {"base_lr": 1e-3, "lr_ratio": 30, "warmup_ratio": 0.1}
GROUPS = {"special": ["[CLS]", "[SEP]"], "words": ["cat"]}
RAMP = {"introduced_warmup_ratio": 0.3, "introduced_start_factor": 0.2, "introduced_delay_ratio": 0.1}
CLASSES = "sequence-classification"
TAGS = "token-classification"

# name: model, task, parameters, trainer settings, top-level keys
CASES = {
    "bert": ("tiny-bert", "masked-lm", {}, {}, {}),
    "bert-ramp": ("tiny-bert", "masked-lm", {**RAMP, "lr_scheduler_type": "cosine", "bias_init": "min"}, {}, {}),
    "bert-groups": (
        "tiny-bert",
        "masked-lm",
        {"special_lr_ratio": 0.5, "words_lr_ratio": 4, "layer_lr_decay": 0.8, "grad_clipping": "per_group", "max_grad_norm": 0.5},
        {},
        {"token_groups": GROUPS},
    ),
    "bert-frozen": (
        "tiny-bert",
        "masked-lm",
        {"base_freeze_ratio": 0.3, "init": "mean_resizing", "gradient_accumulation_steps": 2},
        {},
        {},
    ),
    "bert-subwords": (
        "tiny-bert",
        "masked-lm",
        {"init": "subword_mean", "bias_init": "subword_mean", "lr_scheduler_type": "one_cycle"},
        {"whole_word_masking": True},
        {"introduced_tokens": {"tokens": ["<new>", "zyx"], "token_init": {"<new>": "copy:cat", "zyx": "mean"}}},
    ),
    "albert": ("tiny-albert", "masked-lm", {"layer_lr_decay": 0.7}, {"early_stopping_patience": 50}, {}),
    "electra": ("tiny-electra", "masked-lm", {"optim": "adam", "layer_lr_decay": 0.7}, {}, {}),
    "bert-classes": ("tiny-bert", CLASSES, {"head_lr_ratio": 5}, {}, {}),
    "bert-pairs": ("tiny-bert", CLASSES, {"optim": "lion", "base_lr": 1e-4, "init": "random"}, {}, {"pairs": True}),
    "bert-regression": ("tiny-bert", CLASSES, {"lr_scheduler_type": "polynomial"}, {"problem_type": "regression"}, {}),
    "distilbert-classes": ("tiny-distilbert", CLASSES, {"optim": "sgd", "base_lr": 1e-2, "lr_ratio": 3}, {}, {}),
    "roberta-classes": ("tiny-roberta", CLASSES, {"lr_scheduler_type": "inverse_sqrt"}, {}, {"metric": "loss_introduced"}),
    "bert-lazy": ("tiny-bert", CLASSES, {"optim": "adam", "max_grad_norm": 0.3}, {"row_updates": "lazy"}, {}),
    "bert-lazy-frozen": (
        "tiny-bert",
        CLASSES,
        {"base_freeze_ratio": 0.3, "optim": "lion", "base_lr": 1e-4},
        {"row_updates": "lazy"},
        {"token_groups": GROUPS},
    ),
    "bert-macro-f1": ("tiny-bert", CLASSES, {}, {}, {"metric": "f1", "format": "parquet"}),
    "bert-tags": ("tiny-bert", TAGS, {"head_lr_ratio": 3}, {}, {"metric": "f1"}),
    "bert-tags-conll": ("tiny-bert", TAGS, {"gradient_accumulation_steps": 2}, {}, {"format": "conll"}),
    "albert-tags-lazy": (
        "tiny-albert",
        TAGS,
        {"optim": "sgd", "base_lr": 1e-2, "lr_ratio": 3},
        {"row_updates": "lazy"},
        {"metric": "accuracy", "format": "parquet"},
    ),
    "roberta-tags-split": ("tiny-roberta", TAGS, {"layer_lr_decay": 0.8}, {}, {"metric": "f1", "format": "split"}),
    "bert-hub": ("tiny-bert", CLASSES, {}, {}, {"hub": "someone/tiny"}),
    "gpt2": ("tiny-gpt2", "causal-lm", {"lr_scheduler_type": "cosine_with_restarts", "num_cycles": 2}, {}, {}),
    "llama": ("tiny-llama", "causal-lm", {"layer_lr_decay": 0.8}, {}, {"metric": "loss_base"}),
    "llama-untied": (
        "tiny-llama-untied",
        "causal-lm",
        {"lr_scheduler_type": "warmup_stable_decay", "decay_ratio": 0.3, "warmup_type": "cosine"},
        {},
        {},
    ),
}


def write_model(folder, golden, pad):
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(GOLDEN / golden / name, folder / name)
    words = WORDS[1 : pad + 1] + WORDS[:1] + WORDS[pad + 1 :]  # RoBERTa counts positions by the padding's id
    ids = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, ids[name]) for name in ("[CLS]", "[SEP]")],
    )
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)


def record_of(i, task, regression, pairs):
    record = {"text": TEXTS[i % 5]}
    if pairs:
        record["other"] = TEXTS[(i * 2) % 5]
    if task == CLASSES:
        record["label"] = i * 0.05 if regression else f"RX_{i % 3 * 5}"
    if task == TAGS:
        record["text"] = [*TEXTS[i % 5].split(), *["dogs"] * (i % 4)]
        kinds = ["O", "B-X", "I-X", "B-Y", "E-Y", "S-X"]
        record["label"] = [kinds[(i * i + j) % len(kinds)] for j in range(len(record["text"]))]
    return record


def write_data(folder, records, form):
    """The data's keys of the sweep file."""
    if form == "split":
        write_lines(folder / "all.jsonl", [record for split in records.values() for record in split])
        return {"file": "all.jsonl", "split": {"validation": 0.3, "seed": 1}}
    write = {"jsonl": write_lines, "conll": write_columns, "parquet": write_table}[form]
    for name, split in records.items():
        write(folder / f"{name}.{form}", split)
    return {"train": f"train.{form}", "validation": f"valid.{form}"}


def write_lines(file, records):
    file.write_text("".join(json.dumps(record) + "\n" for record in records))


def write_columns(file, records):
    sentences = ["".join(f"{word} _ {tag}\n" for word, tag in zip(r["text"], r["label"])) for r in records]
    file.write_text("-DOCSTART- O\n\n# a comment\n" + "\n".join(sentences))


def write_table(file, records):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), file)


def write_sweep(folder, name):
    golden, task, parameters, trainer, keys = CASES[name]
    write_model(folder / "tiny", golden, 1 if "roberta" in golden else 0)
    pairs, hub = keys.pop("pairs", False), keys.pop("hub", None)
    if hub:
        os.environ.update(HF_ENDPOINT=serve(folder / "tiny", hub), HF_HOME=str(folder / "hub"))
    regression = trainer.get("problem_type") == "regression"
    made = [record_of(i, task, regression, pairs) for i in range(30)]
    data = write_data(folder, {"train": made, "valid": made[:10]}, keys.pop("format", "jsonl"))
    sweep = {
        "name": name,
        "model": hub or "tiny",
        "task": task,
        "data": {**data, **({"text_pair": "other"} if pairs else {})},
        "introduced_tokens": {"tokens": ["<new>", "zyx"]},
        "trainer": {**TRAINER, **trainer},
        "method": "grid",
        "metric": {"name": keys.pop("metric", "loss")},
        "parameters": {key: {"value": value} for key, value in {**RATES, **parameters}.items()},
        **keys,
    }
    (folder / "sweep.yaml").write_text(json.dumps(sweep))


def serve(folder, repository):
    """A hub with one model, whose files are the folder's: what dualrate and huggingface_hub ask for. Its address."""
    commit = "1" * 40
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    sums = {name: hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() for name, data in files.items()}
    siblings = [{"rfilename": name, "size": len(files[name]), "blobId": sums[name]} for name in files]

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.split("?")[0]
            if path.startswith(f"/api/models/{repository}/revision/"):
                return self.answer(json.dumps({"id": repository, "sha": commit, "siblings": siblings}).encode())
            if path.startswith(f"/api/models/{repository}/tree/"):
                tree = [{"type": "file", "path": n, "size": len(files[n]), "oid": sums[n]} for n in files]
                return self.answer(json.dumps(tree).encode())
            name = path.removeprefix(f"/{repository}/resolve/").partition("/")[2]
            if name not in files:
                return self.send_error(404)
            self.answer(files[name], {"ETag": f'"{sums[name]}"', "X-Repo-Commit": commit})

        do_HEAD = do_GET

        def answer(self, data, headers={}):
            self.send_response(200)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def check(name, folder):
    """The largest difference of a step's loss."""
    write_sweep(folder, name)
    dualrate = ("node", str(CLI))
    run(folder, *dualrate, "run", "sweep.yaml", "--plain", "--overcommit")
    shown = json.loads(run(folder, *dualrate, "show", name, "1", "--json"))
    run(folder, *dualrate, "export", name, "-o", "train.py")
    run(folder, *dualrate, "export", name, "--train-batches", "batches.jsonl", "--start-weights", "start.safetensors")
    lines = run(folder, sys.executable, "train.py", "--batches", "batches.jsonl", "--start", "start.safetensors")
    losses = [float(line.split()[-1]) for line in lines.splitlines()]
    expected = [measurement["train_loss"] for measurement in shown["measurements"]]
    assert len(losses) == len(expected) == 20, (len(losses), len(expected))
    assert all(map(math.isfinite, losses + expected)), (losses, expected)
    last = run(folder, sys.executable, "train.py").splitlines()[-1]
    difference = max(abs(a - b) for a, b in zip(losses, expected))
    course = f"{expected[0]:.4f} -> {expected[-1]:.4f}, largest difference {difference:.1e}"
    best = json.loads(run(folder, *dualrate, "rank", name, "--json"))[0]["value"]
    print(f"{name:20} {course}; on the files: {last} (the trial: {best:.4f})", flush=True)
    return difference


worst = 0.0
for name in sys.argv[1:] or CASES:
    with tempfile.TemporaryDirectory() as folder:
        worst = max(worst, check(name, Path(folder)))
sys.exit(worst >= 1e-4)

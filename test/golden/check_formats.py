"""Opens what `dualrate export` writes for other programs with those programs: an Optuna journal, TrainingArguments, and the
model card and trainer_state.json of a --checkpoint folder. By hand, after `npm run build`: python check_formats.py. Needs
optuna, transformers and huggingface_hub; exit status 1 where anything differs from the study."""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
import optuna
import torch
from huggingface_hub import ModelCard
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from transformers import AutoModelForMaskedLM, HfArgumentParser, TrainerState, TrainingArguments
from transformers.utils import is_accelerate_available

optuna.logging.set_verbosity(optuna.logging.WARNING)
root = pathlib.Path(__file__).resolve().parents[2]
demo = root / "sweeps" / "demo"
SWEEP = f"""
name: formats
model: {demo}/model
task: masked-lm
data: {{train: {demo}/train.jsonl, validation: {demo}/valid.jsonl}}
introduced_tokens: {{tokens: [otter, badger, cooper], init: mean}}
trainer: {{batch_size: 16, max_steps: 40, eval_steps: 10, max_length: 24, warmup_ratio: 0.1, decay_ratio: 0.2}}
method: random
run_cap: 8
seed: 3
metric: {{name: METRIC}}
early_terminate: {{type: hyperband, min_iter: 1, eta: 3}}
parameters:
  base_lr: {{distribution: log_uniform_values, min: 1e-5, max: 3e-2}}
  lr_ratio: {{distribution: q_log_uniform_values, min: 1, max: 300, q: 1}}
  lr_scheduler_type: {{values: [linear, cosine, constant, warmup_stable_decay, polynomial]}}
  weight_decay: {{distribution: normal, mu: 0.01, sigma: 0.01}}
  gradient_accumulation_steps: {{distribution: int_uniform, min: 1, max: 2}}
"""

if not is_accelerate_available():
    # Only its choice of a device asks for it.
    TrainingArguments.device = property(lambda self: torch.device("cpu"))


def dualrate(folder, *arguments):
    command = ["node", str(root / "dist" / "cli.js"), *arguments]
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def check(metric):
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "sweep.yaml").write_text(SWEEP.replace("METRIC", metric))
    dualrate(folder, "run", "sweep.yaml", "--plain")
    trials = json.loads(dualrate(folder, "rank", "--seeds", "--json"))
    best = trials[0]

    dualrate(folder, "export", "--format", "optuna", "-o", "journal.log")
    storage = JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    study = optuna.load_study(study_name="formats", storage=storage)
    assert study.best_trial.user_attrs["trial"] == best["number"], study.best_trial
    assert study.best_value == best["value"], (study.best_value, best)
    assert study.metric_names == [metric]
    states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
    for trial in study.trials:
        [ours] = [row for row in trials if row["number"] == trial.user_attrs["trial"]]
        assert trial.state == states[ours["state"]], (trial, ours)
        assert all(trial.params[name] == ours["parameters"][name] for name in trial.params), (trial, ours)
        assert trial.state != TrialState.COMPLETE or trial.value == ours["value"]
        assert trial.intermediate_values
    # It can be gone on with there.
    study.optimize(lambda trial: trial.suggest_float("base_lr", 1e-5, 3e-2, log=True), n_trials=1)

    parser = HfArgumentParser(TrainingArguments)
    for row in [row for row in trials if row["state"] == "complete"]:
        number = str(row["number"])
        dualrate(folder, "export", "--trial", number, "--format", "training-args", "-o", f"{number}.json")
        [training] = parser.parse_json_file(str(folder / f"{number}.json"))
        assert training.learning_rate == row["parameters"]["base_lr"]
        assert (training.max_steps, training.warmup_steps, training.eval_steps) == (40, 4, 10)
        assert training.gradient_accumulation_steps == row["parameters"]["gradient_accumulation_steps"]

    dualrate(folder, "export", "--checkpoint", "model")
    state = TrainerState.load_from_json(str(folder / "model" / "trainer_state.json"))
    assert (state.best_metric, state.best_global_step) == (best["value"], best["best_step"])
    assert [entry["step"] for entry in state.log_history if f"eval_{metric}" in entry] == [10, 20, 30, 40]
    card = ModelCard.load(str(folder / "model" / "README.md"))
    [result] = [result for result in card.data.eval_results if result.metric_type == metric]
    assert result.metric_value == best["value"]
    AutoModelForMaskedLM.from_pretrained(str(folder / "model"))
    print(f"{metric}: {len(study.trials) - 1} trials in Optuna, best {best['value']}, as in the study")


for name in sys.argv[1:] or ["loss", "accuracy"]:
    check(name)

"""Writes the golden values of test/golden/ with Hugging Face transformers and PyTorch; README.md describes the files.

Run: OMP_NUM_THREADS=1 python test/golden/make_models.py
Needs torch, transformers and safetensors. Everything is float64 and seeded; nothing here uses the project's own code.
"""

import json
import math
import re
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    AlbertConfig,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    RobertaConfig,
    XLMRobertaConfig,
)
from transformers.trainer_pt_utils import get_parameter_names

HERE = Path(__file__).resolve().parent
PAD, CLS, SEP, MASK, FIRST_WORD = 0, 2, 3, 4, 5
CLASSES = 3
INTRODUCED = 3
STEPS = 10

MODELS = {
    "tiny-bert": {
        "family": "bert",
        "seed": 101,
        "config": dict(
            vocab_size=61, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
            max_position_embeddings=40, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu",
            hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, initializer_range=0.3, pad_token_id=PAD,
        ),
        "tasks": ["masked-lm", "sequence-classification", "token-classification"],
        "runs": True,
    },
    "tiny-albert": {
        "family": "albert",
        "seed": 202,
        "config": dict(
            vocab_size=59, embedding_size=16, hidden_size=32, num_hidden_layers=3, num_hidden_groups=1,
            inner_group_num=1, num_attention_heads=4, intermediate_size=48, max_position_embeddings=40,
            type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu", hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1, classifier_dropout_prob=0.1, initializer_range=0.3, pad_token_id=PAD,
            bos_token_id=CLS, eos_token_id=SEP,
        ),
        "tasks": ["masked-lm", "sequence-classification", "token-classification"],
        "runs": True,
    },
    # Layers in two groups of two: shows a wrong assignment of layers to groups. Forward and gradients only.
    "tiny-albert-2-groups": {
        "family": "albert",
        "seed": 303,
        "config": dict(
            vocab_size=53, embedding_size=16, hidden_size=24, num_hidden_layers=4, num_hidden_groups=2,
            inner_group_num=1, num_attention_heads=3, intermediate_size=40, max_position_embeddings=24,
            type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu", hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0, classifier_dropout_prob=0.1, initializer_range=0.3, pad_token_id=PAD,
            bos_token_id=CLS, eos_token_id=SEP,
        ),
        "tasks": ["masked-lm"],
        "runs": False,
    },
    "tiny-distilbert": {
        "family": "distilbert",
        "seed": 404,
        "config": dict(
            vocab_size=53, dim=24, n_layers=2, n_heads=3, hidden_dim=40, max_position_embeddings=24,
            activation="gelu", dropout=0.1, attention_dropout=0.15, seq_classif_dropout=0.2, initializer_range=0.3,
            pad_token_id=PAD,
        ),
        "tasks": ["masked-lm", "sequence-classification", "token-classification"],
        "runs": True,
    },
    # Padding's id is 1, so that the first position is 2.
    "tiny-roberta": {
        "family": "roberta",
        "seed": 505,
        "config": dict(
            vocab_size=53, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
            max_position_embeddings=24, type_vocab_size=1, layer_norm_eps=1e-5, hidden_act="gelu",
            hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.15, classifier_dropout=0.2, initializer_range=0.3,
            pad_token_id=1, bos_token_id=0, eos_token_id=2,
        ),
        "tasks": ["masked-lm", "sequence-classification", "token-classification"],
        "runs": True,
    },
    # The same layout under another name. Forward and gradients only.
    "tiny-xlm-roberta": {
        "family": "xlm-roberta",
        "seed": 606,
        "config": dict(
            vocab_size=41, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
            max_position_embeddings=18, type_vocab_size=1, layer_norm_eps=1e-5, hidden_act="gelu",
            hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, initializer_range=0.3, pad_token_id=1,
            bos_token_id=0, eos_token_id=2,
        ),
        "tasks": ["masked-lm", "sequence-classification", "token-classification"],
        "runs": False,
    },
    # Activation of the layers unlike that of the heads, which is always the exact GELU.
    "tiny-electra": {
        "family": "electra",
        "seed": 707,
        "config": dict(
            vocab_size=53, embedding_size=16, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
            intermediate_size=40, max_position_embeddings=24, type_vocab_size=2, layer_norm_eps=1e-12,
            hidden_act="relu", hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.15, classifier_dropout=0.2,
            initializer_range=0.3, pad_token_id=PAD,
        ),
        "tasks": ["masked-lm", "sequence-classification", "token-classification"],
        "runs": True,
    },
    # Embeddings as wide as the layers: no projection. Forward and gradients only.
    "tiny-electra-equal-widths": {
        "family": "electra",
        "seed": 808,
        "config": dict(
            vocab_size=41, embedding_size=16, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=24, max_position_embeddings=16, type_vocab_size=2, layer_norm_eps=1e-12,
            hidden_act="gelu", hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, initializer_range=0.3,
            pad_token_id=PAD,
        ),
        "tasks": ["masked-lm"],
        "runs": False,
    },
    "tiny-gpt2": {
        "family": "gpt2",
        "seed": 909,
        "config": dict(
            vocab_size=53, n_embd=24, n_layer=2, n_head=3, n_inner=40, n_positions=24, activation_function="gelu_new",
            embd_pdrop=0.1, attn_pdrop=0.15, resid_pdrop=0.2, layer_norm_epsilon=1e-5, initializer_range=0.3,
            pad_token_id=PAD, bos_token_id=CLS, eos_token_id=SEP,
        ),
        "tasks": ["causal-lm"],
        "runs": True,
    },
    # Four heads of queries on two of keys and values, which are not hidden_size / heads wide.
    "tiny-llama": {
        "family": "llama",
        "seed": 1010,
        "config": dict(
            vocab_size=53, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
            intermediate_size=40, max_position_embeddings=24, hidden_act="silu", rms_norm_eps=1e-5,
            attention_dropout=0.15, rope_parameters=dict(rope_type="default", rope_theta=100.0),
            tie_word_embeddings=True, initializer_range=0.3, pad_token_id=PAD, bos_token_id=CLS, eos_token_id=SEP,
        ),
        "tasks": ["causal-lm"],
        "runs": True,
    },
    # An output layer of its own, with rows for the introduced tokens too; config.json as transformers 4 wrote it.
    "tiny-llama-untied": {
        "family": "llama",
        "seed": 1111,
        "config": dict(
            vocab_size=41, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
            max_position_embeddings=24, hidden_act="silu", rms_norm_eps=1e-6, rope_theta=10000.0, rope_scaling=None,
            tie_word_embeddings=False, initializer_range=0.3, pad_token_id=PAD, bos_token_id=CLS, eos_token_id=SEP,
        ),
        "tasks": ["causal-lm"],
        "runs": True,
    },
}

SUFFIX = {
    "masked-lm": "ForMaskedLM", "sequence-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
}


def encoder(config, prefix):
    return config, {task: getattr(transformers, prefix + suffix) for task, suffix in SUFFIX.items()}


FAMILIES = {
    "bert": encoder(BertConfig, "Bert"),
    "albert": encoder(AlbertConfig, "Albert"),
    "distilbert": encoder(DistilBertConfig, "DistilBert"),
    "roberta": encoder(RobertaConfig, "Roberta"),
    "xlm-roberta": encoder(XLMRobertaConfig, "XLMRoberta"),
    "electra": encoder(ElectraConfig, "Electra"),
    "gpt2": (GPT2Config, {"causal-lm": GPT2LMHeadModel}),
    "llama": (LlamaConfig, {"causal-lm": LlamaForCausalLM}),
}
PREFIX = {family: "roberta" if family == "xlm-roberta" else family for family in FAMILIES}
EMBEDDINGS = {family: f"{PREFIX[family]}.embeddings.word_embeddings.weight" for family in FAMILIES}
EMBEDDINGS.update(gpt2="transformer.wte.weight", llama="model.embed_tokens.weight")
# The new head of a classifier, which a pretrained checkpoint does not have.
HEADS = {
    "bert": ("classifier.",), "albert": ("classifier.",), "distilbert": ("pre_classifier.", "classifier."),
    "roberta": ("classifier.",), "xlm-roberta": ("classifier.",), "electra": ("classifier.",),
    "gpt2": (), "llama": (),
}
# The tied output layer: its weight is the embedding matrix, its bias is stored once, under the first name.
DECODER_WEIGHT = {
    "bert": "cls.predictions.decoder.weight", "albert": "predictions.decoder.weight",
    "distilbert": "vocab_projector.weight", "roberta": "lm_head.decoder.weight",
    "xlm-roberta": "lm_head.decoder.weight", "electra": "generator_lm_head.weight",
    "gpt2": "lm_head.weight", "llama": "lm_head.weight",
}
DECODER_BIAS = {
    "bert": ("cls.predictions.bias", "cls.predictions.decoder.bias"),
    "albert": ("predictions.bias", "predictions.decoder.bias"),
    "distilbert": ("vocab_projector.bias", None),
    "roberta": ("lm_head.bias", "lm_head.decoder.bias"),
    "xlm-roberta": ("lm_head.bias", "lm_head.decoder.bias"),
    "electra": ("generator_lm_head.bias", None),
    "gpt2": (None, None),
    "llama": (None, None),
}

# The dual-rate run. Every group has its own rate, decay, warm-up and (the introduced one) delay and start factor.
DUAL = {
    "base": dict(lr=1e-3, weight_decay=0.01, warmup_steps=3, delay_steps=0, start_factor=0.0),
    "head": dict(lr=5e-3, weight_decay=0.01, warmup_steps=3, delay_steps=0, start_factor=0.0),
    "introduced": dict(lr=1e-2, weight_decay=0.02, warmup_steps=5, delay_steps=1, start_factor=0.0),
}
SINGLE = {"base": DUAL["base"], "head": DUAL["base"], "introduced": DUAL["base"]}
# Zero in exact arithmetic: softmax ignores a shift of all scores.
KEY_BIAS = ("key.bias", "k_lin.bias")
# GPT-2 has those of queries, keys and values in one.
JOINT_BIAS = "c_attn.bias"
ADAM = dict(beta1=0.9, beta2=0.999, epsilon=1e-8)
MAX_GRAD_NORM = 1.0


NORMS = re.compile(r"layer_?norm|ln_\w|\bnorm\b", re.IGNORECASE)


# ---- checkpoints ----------------------------------------------------------------------------------------------------


def random_tensor(name, shape, generator):
    """Far from a fresh initialisation (LayerNorm at 1 and 0, biases at 0), so that a swapped or dropped tensor shows."""
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    norm_weight = NORMS.search(name) is not None and name.endswith("weight")
    value = 1 + 0.2 * noise if norm_weight else 0.3 * noise
    return value.to(torch.float32)


def named_parameters(model, family):
    """(name, parameter); a tied matrix under the name of the embedding, whichever module the model made first."""
    for name, parameter in model.named_parameters():
        tied = name == DECODER_WEIGHT[family] and is_tied(model.config.to_dict())
        yield EMBEDDINGS[family] if tied else name, parameter


def is_tied(config):
    return config.get("tie_word_embeddings", True)


def checkpoint(family, config):
    """name -> float32 tensor of encoder, pooler and masked-LM head, or of the decoder, drawn in the order of the names; each
    task's new head."""
    generator = torch.Generator().manual_seed(config["seed"])
    config_class, classes = FAMILIES[family]
    names = {}
    # A token classifier has no tensors but its head's, which is drawn below.
    for task in set(classes) - {"token-classification"}:
        model = classes[task](config_class(**config["config"], num_labels=CLASSES))
        names.update({name: tensor.shape for name, tensor in named_parameters(model, family)})
    head = {name for name in names if name.startswith(HEADS[family])}
    left_out = {DECODER_BIAS[family][1], *([DECODER_WEIGHT[family]] if is_tied(config["config"]) else [])}
    tensors = {name: random_tensor(name, names[name], generator) for name in sorted(set(names) - head - left_out)}
    sequences = {name: random_tensor(name, names[name], generator) for name in sorted(head)}
    heads = {task: {} for task in classes}
    if "sequence-classification" in classes:
        heads["sequence-classification"] = sequences
    if "token-classification" in classes:
        heads["token-classification"] = token_head(config)
    return tensors, heads


def token_head(config):
    """From a generator of its own, so that what was drawn before there was this head stays."""
    generator = torch.Generator().manual_seed(config["seed"] * 13)
    shapes = {"bias": (CLASSES,), "weight": (CLASSES, width(config["config"]))}
    return {f"classifier.{part}": random_tensor(part, shape, generator) for part, shape in shapes.items()}


def width(config):
    return config.get("hidden_size") or config["dim"]


def build(family, task, config, tensors, **changes):
    """The Hugging Face model in float64 with the given tensors, dropout off, outputs of every layer on."""
    config_class, classes = FAMILIES[family]
    model = classes[task](config_class(**{**config, **changes}, num_labels=CLASSES, attn_implementation="eager"))
    model = model.double().eval()
    parameters = dict(named_parameters(model, family))
    with torch.no_grad():
        for name, parameter in parameters.items():
            source = DECODER_BIAS[family][0] if name == DECODER_BIAS[family][1] else name
            parameter.copy_(tensors[source].double())
    if task in ("masked-lm", "causal-lm"):
        tied = model.get_output_embeddings()
        same = tied.weight is model.get_input_embeddings().weight
        assert same == is_tied(config), "the output layer must be tied, or not, as the configuration says"
    if task == "masked-lm":
        assert tied.bias is model.get_parameter(DECODER_BIAS[family][0]), "the decoder's bias must be one parameter"
    return model


# ---- batches --------------------------------------------------------------------------------------------------------


def draw_batch(task, config, introduced, lengths, width, generator):
    """A padded batch. The second part of each sequence has token type 1, if there are two; padding is masked out."""
    vocabulary, pad, two_types = config["vocab_size"], config["pad_token_id"], config.get("type_vocab_size", 1) > 1

    def below(n):
        return int(torch.randint(n, (1,), generator=generator))

    batch = {"input_ids": [], "attention_mask": [], "token_type_ids": [], "labels": []}
    for row, length in enumerate(lengths):
        words = [FIRST_WORD + below(vocabulary - FIRST_WORD) for _ in range(length - 3)]
        for token in introduced[row % len(introduced) : row % len(introduced) + 2] if introduced else []:
            words[below(len(words))] = token
        first = 1 + below(len(words) - 1)
        ids = [CLS, *words[:first], SEP, *words[first:], SEP]
        types = [0] * (first + 2) + [1 if two_types else 0] * (length - first - 2)
        labels = [-100] * length
        if task == "causal-lm":
            labels = list(ids)
        if task == "masked-lm":
            ids, labels = mask_words(ids, vocabulary + len(introduced), below)
        if task == "token-classification":
            # About a third of the tokens goes on with the word before, and has no label.
            labels = [below(CLASSES) if token not in (CLS, SEP) and below(3) > 0 else -100 for token in ids]
        batch["input_ids"].append(ids + [pad] * (width - length))
        batch["attention_mask"].append([1] * length + [0] * (width - length))
        batch["token_type_ids"].append(types + [0] * (width - length))
        batch["labels"].append(labels + [-100] * (width - length))
    if task == "sequence-classification":
        batch["labels"] = [below(CLASSES) for _ in lengths]
    if task == "causal-lm":
        del batch["token_type_ids"]  # GPT-2 would add embeddings for them
    return batch


def mask_words(ids, vocabulary, below):
    """Asks for about a third of the words: [MASK] for most, a random token or the token itself for some."""
    labels = [-100] * len(ids)
    words = [place for place, token in enumerate(ids) if token not in (CLS, SEP)]
    chosen = [place for place in words if below(3) == 0] or words[:1]
    masked = list(ids)
    for place in chosen:
        labels[place] = ids[place]
        kind = below(10)
        if kind < 8:
            masked[place] = MASK
        elif kind == 8:
            masked[place] = FIRST_WORD + below(vocabulary - FIRST_WORD)
    return masked, labels


def tensors_of(batch):
    return {key: torch.tensor(value) for key, value in batch.items()}


# ---- forward and gradients --------------------------------------------------------------------------------------------


def summary(tensor):
    flat = tensor.detach().reshape(-1)
    return {
        "shape": list(tensor.shape),
        "l2": float(flat.norm()),
        "sum": float(flat.sum()),
        "abs_max": float(flat.abs().max()),
        "first8": flat[:8].tolist(),
    }


def to_float32(tensors):
    return {name: tensor.detach().to(torch.float32).contiguous() for name, tensor in tensors.items()}


def target_values(task, logits, labels):
    """What the loss looks at: the logits of each target, all of them for texts, the chosen and the top ones for tokens."""
    if task == "sequence-classification":
        return [{"example": i, "label": int(labels[i]), "logits": logits[i].tolist()} for i in range(len(labels))]
    values = []
    shift = 1 if task == "causal-lm" else 0
    for example, position in (labels[:, shift:] != -100).nonzero().tolist():
        row = logits[example, position]
        label = int(labels[example, position + shift])
        log_sum = torch.logsumexp(row, 0)
        top = torch.topk(row, min(5, len(row)))
        values.append({
            "example": example, "position": position, "label": label, "label_logit": float(row[label]),
            "log_sum_exp": float(log_sum), "loss": float(log_sum - row[label]),
            "top5_ids": top.indices.tolist(), "top5_logits": top.values.tolist(),
        })
    return values


def write_forward(folder, spec, task, tensors, classifier):
    family, config = spec["family"], spec["config"]
    model = build(family, task, config, {**tensors, **classifier})
    generator = torch.Generator().manual_seed(spec["seed"] + len(task))
    batch = draw_batch(task, config, [], [12, 9, 6, 11], 12, generator)
    outputs = model(**tensors_of(batch), output_hidden_states=True)
    outputs.loss.backward()
    labels = torch.tensor(batch["labels"])
    last = outputs.hidden_states[-1]
    gradients = {name: p.grad for name, p in named_parameters(model, family)}
    places = [(0, 0), (0, 5), (1, 8), (2, 3), (3, 10)]
    values = {
        "task": task,
        "batch": batch,
        "loss": float(outputs.loss),
        "targets": target_values(task, outputs.logits.detach(), labels),
        "last_hidden_state": [
            {"example": e, "position": p, "values": last[e, p].tolist(), "sum": float(last[e, p].sum()),
             "l2": float(last[e, p].norm())} for e, p in places
        ],
        "logits": {key: value for key, value in summary(outputs.logits).items() if key != "first8"},
        "gradients": {name: summary(gradient) for name, gradient in gradients.items()},
        "gradient_global_l2": math.sqrt(sum(float(g.square().sum()) for g in gradients.values())),
    }
    if classifier:
        values["classifier"] = {name: tensor.tolist() for name, tensor in classifier.items()}
    write_json(folder / f"{task}-forward.json", values)
    save_file(to_float32(gradients), folder / f"{task}-gradients.safetensors")
    hidden = {f"hidden_states.{i}": state for i, state in enumerate(outputs.hidden_states)}
    save_file(to_float32(hidden), folder / f"{task}-hidden-states.safetensors")


def dropout_rates(spec, task, tensors, classifier):
    """The rates other than 0 at which a forward pass in training drops, in the order of the calls."""
    model = build(spec["family"], task, spec["config"], {**tensors, **classifier}).train()
    generator = torch.Generator().manual_seed(spec["seed"])
    rates, plain = [], torch.nn.functional.dropout

    def noted(x, p=0.5, training=True, inplace=False):
        rates.append(p if training else 0.0)
        return plain(x, p, training, inplace)

    torch.nn.functional.dropout = noted
    try:
        model(**tensors_of(draw_batch(task, spec["config"], [], [6, 8], 8, generator)))
    finally:
        torch.nn.functional.dropout = plain
    return [rate for rate in rates if rate > 0]


# ---- ten steps ----------------------------------------------------------------------------------------------------------


def multiplier(group, step):
    """Linear schedule with warm-up, start delay and start factor, as in dual-rate-semantics.md; `step` from 0."""
    u = step - group["delay_steps"]
    warmup, total = group["warmup_steps"], STEPS - group["delay_steps"]
    if u < 0:
        return 0.0
    if u < warmup:
        return group["start_factor"] + (1 - group["start_factor"]) * u / max(1, warmup)
    return max(0.0, (total - u) / max(1, total - warmup))


def decayed_names(model):
    """Names that weight decay applies to, by the rule of Hugging Face's Trainer: no norm weights, no biases."""
    names = get_parameter_names(model, [torch.nn.LayerNorm], ["bias", r"layernorm", r"(?:^|\.)norm(?:$|\.)"])
    return {name for name in names if "bias" not in name}


class SplitModel(torch.nn.Module):
    """The resized model with its vocabulary rows, and the decoder's bias, in two parameters: base and introduced.

    One parameter cannot have two learning rates, and scaling a gradient is not a learning rate under Adam. So the
    matrix that the model sees is the concatenation of two leaves, and autograd gives each its own gradient.
    """

    def __init__(self, model, family, vocabulary):
        super().__init__()
        self.inner = [model]  # in a list, so that its parameters are not registered a second time
        self.family = family
        self.split = {EMBEDDINGS[family]: vocabulary}
        for name in (DECODER_BIAS[family][0], DECODER_WEIGHT[family]):
            if name in dict(named_parameters(model, family)):
                self.split[name] = vocabulary
        self.leaves = {}  # name -> [(group, parameter)]
        for name, parameter in named_parameters(model, family):
            value = parameter.detach().clone()
            if name in self.split:
                rows = self.split[name]
                parts = [("base", value[:rows]), ("introduced", value[rows:])]
            else:
                parts = [("head" if name.startswith(HEADS[family]) else "base", value)]
            self.leaves[name] = [(group, part.clone().requires_grad_()) for group, part in parts]

    def whole(self):
        """name -> tensor as Hugging Face names and shapes it."""
        return {name: torch.cat([part for _, part in parts]) if len(parts) > 1 else parts[0][1]
                for name, parts in self.leaves.items()}

    def forward(self, **inputs):
        whole = self.whole()
        has_decoder = self.inner[0].get_output_embeddings() is not None
        if has_decoder and DECODER_WEIGHT[self.family] not in whole:
            whole[DECODER_WEIGHT[self.family]] = whole[EMBEDDINGS[self.family]]
        if DECODER_BIAS[self.family][0] in whole and DECODER_BIAS[self.family][1]:
            whole[DECODER_BIAS[self.family][1]] = whole[DECODER_BIAS[self.family][0]]
        return torch.func.functional_call(self.inner[0], whole, (), inputs, tie_weights=False)


def group_norms(leaves, before):
    norms = {}
    for group in ("base", "head", "introduced"):
        parts = [part for parts in leaves.values() for owner, part in parts if owner == group]
        if not parts:
            continue
        norms[group] = {
            "grad_norm": math.sqrt(sum(float(p.grad.square().sum()) for p in parts)),
            "before": [p.detach().clone() for p in parts],
            "parts": parts,
        }
    return norms


def run_dual(model, family, vocabulary, groups, batches):
    """Ten steps with one AdamW over base, head and introduced leaves; returns step records and final parameters."""
    split = SplitModel(model, family, vocabulary)
    decayed = decayed_names(model)
    settings = []
    for name, parts in split.leaves.items():
        for group, part in parts:
            decay = groups[group]["weight_decay"] if name in decayed else 0.0
            settings.append({"params": [part], "lr": groups[group]["lr"], "weight_decay": decay, "group": group})
    optimizer = torch.optim.AdamW(settings, betas=(ADAM["beta1"], ADAM["beta2"]), eps=ADAM["epsilon"])
    steps = []
    for step, batch in enumerate(batches):
        rates = {group: groups[group]["lr"] * multiplier(groups[group], step) for group in groups}
        for entry in optimizer.param_groups:
            entry["lr"] = rates[entry["group"]]
        optimizer.zero_grad()
        loss = split(**tensors_of(batch)).loss
        loss.backward()
        norms = group_norms(split.leaves, None)
        leaves = [part for parts in split.leaves.values() for _, part in parts]
        total = torch.nn.utils.clip_grad_norm_(leaves, MAX_GRAD_NORM)
        optimizer.step()
        steps.append({"loss": float(loss), "grad_norm": float(total),
                      "lr": {group: rates[group] for group in norms}, "groups": finished(norms)})
    return steps, split.whole()


def finished(norms):
    return {
        group: {
            "grad_norm": entry["grad_norm"],
            "update_norm": math.sqrt(sum(float((p.detach() - b).square().sum())
                                         for p, b in zip(entry["parts"], entry["before"]))),
            "weight_norm": math.sqrt(sum(float(p.detach().square().sum()) for p in entry["parts"])),
        }
        for group, entry in norms.items()
    }


def run_plain(model, family, group, batches):
    """Ten steps as Hugging Face's Trainer makes them on an ordinary resized model: one rate, AdamW, clipping."""
    decayed = decayed_names(model)
    named = dict(named_parameters(model, family))
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for n, p in named.items() if n in decayed], "weight_decay": group["weight_decay"]},
            {"params": [p for n, p in named.items() if n not in decayed], "weight_decay": 0.0},
        ],
        lr=group["lr"], betas=(ADAM["beta1"], ADAM["beta2"]), eps=ADAM["epsilon"],
    )
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, group["warmup_steps"], STEPS)
    steps = []
    for batch in batches:
        rate = optimizer.param_groups[0]["lr"]
        optimizer.zero_grad()
        loss = model(**tensors_of(batch)).loss
        loss.backward()
        total = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRAD_NORM)
        optimizer.step()
        schedule.step()
        steps.append({"loss": float(loss), "grad_norm": float(total), "lr": rate})
    return steps, named


def resized(tensors, family, rows, bias, head):
    """The checkpoint with the introduced rows (and biases, and an untied head's rows) after the vocabulary's own."""
    larger = dict(tensors)
    for name, own in ((EMBEDDINGS[family], rows), (DECODER_BIAS[family][0], bias), (DECODER_WEIGHT[family], head)):
        if name in tensors:
            larger[name] = torch.cat([tensors[name], own])
    return larger


def write_runs(folder, spec, task, tensors, classifier):
    family, config = spec["family"], spec["config"]
    vocabulary = config["vocab_size"]
    introduced = list(range(vocabulary, vocabulary + INTRODUCED))
    generator = torch.Generator().manual_seed(spec["seed"] * 7 + len(task))
    rows = (0.3 * torch.randn((INTRODUCED, tensors[EMBEDDINGS[family]].shape[1]), generator=generator,
                              dtype=torch.float64)).to(torch.float32)
    bias = (0.3 * torch.randn((INTRODUCED,), generator=generator, dtype=torch.float64)).to(torch.float32)
    # After the others, so that those stay what they were.
    untied = DECODER_WEIGHT[family] in tensors
    head = (0.3 * torch.randn(rows.shape, generator=generator, dtype=torch.float64)).to(torch.float32) if untied else None
    lengths = [[12, 8, 10, 6], [7, 12, 9, 11], [10, 12, 6, 8], [12, 12, 11, 7], [9, 6, 12, 10]]
    batches = [draw_batch(task, config, introduced, lengths[i % 5], 12, generator) for i in range(STEPS)]
    # The last introduced token is not in the first four batches' input: a tied head gives it a gradient all the same.
    for batch in batches[:4]:
        batch["input_ids"] = [[FIRST_WORD if t == introduced[-1] else t for t in ids] for ids in batch["input_ids"]]
    start = {**resized(tensors, family, rows, bias, head), **classifier}
    larger = dict(vocab_size=vocabulary + INTRODUCED)

    def fresh():
        return build(family, task, config, start, **larger)

    steps, final = run_dual(fresh(), family, vocabulary, DUAL, batches)
    plain_steps, plain_final = run_plain(fresh(), family, SINGLE["base"], batches)
    split_steps, split_final = run_dual(fresh(), family, vocabulary, SINGLE, batches)
    check_equal(plain_steps, plain_final, split_steps, split_final)
    values = {
        "task": task,
        "vocabulary_size": vocabulary,
        "introduced_ids": introduced,
        "introduced_rows": rows.tolist(),
        **({"introduced_bias": bias.tolist()} if task == "masked-lm" else {}),
        **({"introduced_head_rows": head.tolist()} if untied else {}),
        **({"classifier": {n: t.tolist() for n, t in classifier.items()}} if classifier else {}),
        "total_steps": STEPS,
        "schedule": "linear",
        "adam": ADAM,
        "max_grad_norm": MAX_GRAD_NORM,
        "batches": batches,
        "dual": {"groups": used(DUAL, task), "steps": steps, "final": final_summaries(final)},
        "single": {"groups": used(SINGLE, task),
                   "steps": [{**split_steps[i], **plain_steps[i], "lr": split_steps[i]["lr"]} for i in range(STEPS)],
                   "final": final_summaries(plain_final)},
    }
    write_json(folder / f"{task}-steps.json", values)
    save_file(to_float32(final), folder / f"{task}-dual-final.safetensors")
    save_file(to_float32(plain_final), folder / f"{task}-single-final.safetensors")


def used(groups, task):
    return {name: group for name, group in groups.items() if name != "head" or task.endswith("-classification")}


def final_summaries(final):
    return {name: {"l2": summary(t)["l2"], "first8": summary(t)["first8"]} for name, t in final.items()}


def check_equal(plain_steps, plain_final, split_steps, split_final):
    """Split rows at one rate are plain fine-tuning; if not, one of the two references is wrong."""
    for plain, split in zip(plain_steps, split_steps):
        assert abs(plain["loss"] - split["loss"]) < 1e-12 and abs(plain["grad_norm"] - split["grad_norm"]) < 1e-10
    for name, tensor in plain_final.items():
        # Noise gradients (the key's bias) become full Adam steps; all others agree.
        if not name.endswith(KEY_BIAS):
            assert torch.allclose(*map(compared, (name, name), (tensor, split_final[name])), rtol=0, atol=1e-10), name


def compared(name, tensor):
    """Without the key's part of a joint bias."""
    if not name.endswith(JOINT_BIAS):
        return tensor
    query, _, value = tensor.chunk(3)
    return torch.cat([query, value])


# ---- files ----------------------------------------------------------------------------------------------------------


def write_json(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def write_model(name, spec):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    tensors, heads = checkpoint(spec["family"], spec)
    architecture = next(iter(FAMILIES[spec["family"]][1].values())).__name__
    config = {"architectures": [architecture], "model_type": spec["family"], **spec["config"], "dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    for task in spec["tasks"]:
        write_forward(folder, spec, task, tensors, heads[task])
        if spec["runs"]:
            write_runs(folder, spec, task, tensors, heads[task])
    return {task: dropout_rates(spec, task, tensors, heads[task]) for task in spec["tasks"]}


if __name__ == "__main__":
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    rates = {}
    for model_name, model_spec in MODELS.items():
        rates[model_name] = write_model(model_name, model_spec)
        print(model_name)
    write_json(HERE / "dropout-rates.json", rates)

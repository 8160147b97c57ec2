// The parameters that a sweep may search or fix: names, bounds, defaults. The sweep file's checks, its JSON Schema and
// the trainer's configuration all read this one table.
import type { Value } from "./space.js";

export interface NumberDomain {
  readonly kind: "number" | "integer";
  /** Inclusive bounds. */
  readonly min?: number;
  readonly max?: number;
  /** Exclusive bounds. */
  readonly above?: number;
  readonly below?: number;
}

export interface ChoiceDomain {
  readonly kind: "choice";
  readonly choices: readonly [string, ...string[]];
}

export type Domain = NumberDomain | ChoiceDomain;

/** What a parameter is where a sweep does not name it: a value, another parameter's value, or nothing. */
export type Default = { readonly value: Value } | { readonly sameAs: string } | "none";

export interface ParameterSpec {
  readonly domain: Domain;
  readonly default: Default;
  /** The section of the sweep file that takes its fixed value. */
  readonly section: "trainer" | "introduced_tokens";
  /** The schedule types that use an option of schedules; with any other it would have no effect. */
  readonly usedBy?: readonly ScheduleType[];
  /** The values of `optim` that use it; all do where none are named. */
  readonly optimizers?: readonly string[];
  /** One line, for the JSON Schema and the documentation. */
  readonly description: string;
}

const POSITIVE = { kind: "number", above: 0 } as const;
export const NOT_NEGATIVE = { kind: "number", min: 0 } as const;
const SHARE = { kind: "number", min: 0, below: 1 } as const;
const SCHEDULES = {
  kind: "choice",
  choices: [
    "constant",
    "linear",
    "cosine",
    "cosine_with_restarts",
    "cosine_with_min_lr",
    "polynomial",
    "inverse_sqrt",
    "warmup_stable_decay",
    "one_cycle",
  ],
} as const;
const CURVES = { kind: "choice", choices: ["linear", "cosine", "1-sqrt"] } as const;

/** Hugging Face's names (SchedulerType); one_cycle is PyTorch's OneCycleLR. */
export type ScheduleType = (typeof SCHEDULES.choices)[number];

/** Every searchable parameter, by the name that the sweep file uses. */
export const PARAMETERS = {
  base_lr: {
    domain: POSITIVE,
    default: "none",
    section: "trainer",
    description: "Peak learning rate of the pretrained weights.",
  },
  lr_ratio: {
    domain: POSITIVE,
    default: "none",
    section: "trainer",
    description: "intro_lr / base_lr; 1 is plain fine-tuning.",
  },
  intro_lr: {
    domain: POSITIVE,
    default: "none",
    section: "trainer",
    description: "Peak learning rate of the introduced tokens' rows.",
  },
  head_lr_ratio: {
    domain: POSITIVE,
    default: { value: 1 },
    section: "trainer",
    description: "Learning rate of a new task head / base_lr.",
  },
  layer_lr_decay: {
    domain: { kind: "number", above: 0, max: 1 },
    default: { value: 1 },
    section: "trainer",
    description:
      "Factor on the pretrained weights' learning rate from each layer to the one below: base_lr follows the last layer, " +
      "the embeddings have base_lr * layer_lr_decay^(layers + 1).",
  },
  base_freeze_ratio: {
    domain: { kind: "number", min: 0, max: 1 },
    default: { value: 0 },
    section: "trainer",
    description: "Share of the steps in which the pretrained weights are frozen, moments included; 1 is for good.",
  },
  lr_scheduler_type: {
    domain: SCHEDULES,
    default: { value: "linear" },
    section: "trainer",
    description: "Learning-rate schedule of the pretrained weights.",
  },
  introduced_lr_scheduler_type: {
    domain: SCHEDULES,
    default: { sameAs: "lr_scheduler_type" },
    section: "trainer",
    description: "Learning-rate schedule of the introduced tokens.",
  },
  head_lr_scheduler_type: {
    domain: SCHEDULES,
    default: { sameAs: "lr_scheduler_type" },
    section: "trainer",
    description: "Learning-rate schedule of a new task head.",
  },
  warmup_ratio: {
    domain: SHARE,
    default: { value: 0 },
    section: "trainer",
    description: "Share of the steps over which the learning rate ramps up.",
  },
  introduced_warmup_ratio: {
    domain: SHARE,
    default: { sameAs: "warmup_ratio" },
    section: "trainer",
    description: "Share of the steps over which the introduced tokens' learning rate ramps up.",
  },
  head_warmup_ratio: {
    domain: SHARE,
    default: { sameAs: "warmup_ratio" },
    section: "trainer",
    description: "Share of the steps over which the head's learning rate ramps up.",
  },
  introduced_start_factor: {
    domain: { kind: "number", min: 0, max: 1 },
    default: "none",
    section: "trainer",
    description:
      "Where the introduced tokens' ramp starts, as a factor of their peak learning rate. Default: where their schedule " +
      "starts: 0; warmup_stable_decay at min_lr_ratio, one_cycle at 0.04.",
  },
  head_start_factor: {
    domain: { kind: "number", min: 0, max: 1 },
    default: "none",
    section: "trainer",
    description: "Where the head's ramp starts, as introduced_start_factor.",
  },
  introduced_delay_ratio: {
    domain: SHARE,
    default: { value: 0 },
    section: "trainer",
    description: "Share of the steps before the introduced tokens start to learn.",
  },
  head_delay_ratio: {
    domain: SHARE,
    default: { value: 0 },
    section: "trainer",
    description: "Share of the steps before the head starts to learn.",
  },
  num_cycles: {
    domain: { kind: "integer", min: 1 },
    default: { value: 1 },
    section: "trainer",
    usedBy: ["cosine_with_restarts"],
    description: "Cosine decays, each from the peak (cosine_with_restarts).",
  },
  power: {
    domain: POSITIVE,
    default: { value: 1 },
    section: "trainer",
    usedBy: ["polynomial"],
    description: "Exponent of the remaining share of the steps (polynomial).",
  },
  lr_end: {
    domain: NOT_NEGATIVE,
    default: { value: 1e-7 },
    section: "trainer",
    usedBy: ["polynomial"],
    description: "Learning rate at the end, for each group from its own peak (polynomial).",
  },
  min_lr_ratio: {
    domain: SHARE,
    default: { value: 0 },
    section: "trainer",
    usedBy: ["cosine_with_min_lr", "warmup_stable_decay"],
    description:
      "Lowest learning rate, as a factor of the peak (warmup_stable_decay, and cosine_with_min_lr, which needs it).",
  },
  decay_ratio: {
    domain: { kind: "number", above: 0, max: 1 },
    default: "none",
    section: "trainer",
    usedBy: ["warmup_stable_decay"],
    description:
      "Share of the steps over which the learning rate falls at the end (warmup_stable_decay, which needs it).",
  },
  warmup_type: {
    domain: CURVES,
    default: { value: "linear" },
    section: "trainer",
    usedBy: ["warmup_stable_decay"],
    description: "Curve of the warmup (warmup_stable_decay).",
  },
  decay_type: {
    domain: CURVES,
    default: { value: "cosine" },
    section: "trainer",
    usedBy: ["warmup_stable_decay"],
    description: "Curve of the decay (warmup_stable_decay).",
  },
  weight_decay: {
    domain: NOT_NEGATIVE,
    default: { value: 0.01 },
    section: "trainer",
    description: "Weight decay of the pretrained weights: decoupled (adamw, lion), or L2 in the gradient (adam, sgd).",
  },
  introduced_weight_decay: {
    domain: NOT_NEGATIVE,
    default: { sameAs: "weight_decay" },
    section: "trainer",
    description: "Weight decay of the introduced tokens' rows.",
  },
  head_weight_decay: {
    domain: NOT_NEGATIVE,
    default: { sameAs: "weight_decay" },
    section: "trainer",
    description: "Weight decay of a new task head.",
  },
  max_grad_norm: {
    domain: NOT_NEGATIVE,
    default: { value: 1 },
    section: "trainer",
    description: "L2 norm to which the gradient is clipped; 0 is off.",
  },
  grad_clipping: {
    domain: { kind: "choice", choices: ["global", "per_group"] },
    default: { value: "global" },
    section: "trainer",
    description: "What max_grad_norm clips: the gradient over all parameter groups, or each group's by its own norm.",
  },
  optim: {
    domain: { kind: "choice", choices: ["adamw", "adam", "sgd", "lion"] },
    default: { value: "adamw" },
    section: "trainer",
    description: "Optimizer: AdamW, Adam with L2 regularization, SGD with momentum, or Lion.",
  },
  momentum: {
    domain: SHARE,
    default: { value: 0.9 },
    section: "trainer",
    optimizers: ["sgd"],
    description: "SGD's momentum.",
  },
  adam_beta1: {
    domain: SHARE,
    default: { value: 0.9 },
    section: "trainer",
    optimizers: ["adamw", "adam", "lion"],
    description: "Decay rate of the first moment; for Lion, the momentum's weight in the update.",
  },
  adam_beta2: {
    domain: SHARE,
    default: { value: 0.999 },
    section: "trainer",
    optimizers: ["adamw", "adam", "lion"],
    description: "Decay rate of the second moment; for Lion, of its momentum, by default 0.99.",
  },
  adam_epsilon: {
    domain: POSITIVE,
    default: { value: 1e-8 },
    section: "trainer",
    optimizers: ["adamw", "adam"],
    description: "Added to the square root in the denominator of AdamW and Adam.",
  },
  batch_size: {
    domain: { kind: "integer", min: 1 },
    default: { value: 16 },
    section: "trainer",
    description: "Examples in one batch.",
  },
  gradient_accumulation_steps: {
    domain: { kind: "integer", min: 1 },
    default: { value: 1 },
    section: "trainer",
    description: "Batches in one optimizer step, each target counted alike.",
  },
  init: {
    domain: { kind: "choice", choices: ["mean", "mean_resizing", "random", "subword_mean"] },
    default: { value: "mean" },
    section: "introduced_tokens",
    description: "How the introduced tokens' embedding rows start.",
  },
  bias_init: {
    domain: { kind: "choice", choices: ["mean", "min", "zero", "subword_mean"] },
    default: { value: "mean" },
    section: "introduced_tokens",
    description: "How the introduced tokens' entries of the output bias start (masked-lm).",
  },
} as const satisfies Readonly<Record<string, ParameterSpec>>;

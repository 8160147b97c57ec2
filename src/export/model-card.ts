// What goes into an exported model's folder beside the model: a model card (README.md) and the Trainer's own record.
import { stringify } from "yaml";
import { formatMetric, formatRate, formatRatio } from "../report/format.js";
import type { StudyRecord } from "../store/records.js";
import type { MetricName, Task } from "../sweep/settings.js";
import type { CompleteTrial, Measurement } from "../sweep/trial.js";
import type { TrainConfig } from "../trainer/config.js";

/** The hub's names of tasks. */
const PIPELINES: Readonly<Record<Task, string>> = {
  "masked-lm": "fill-mask",
  "causal-lm": "text-generation",
  "sequence-classification": "text-classification",
  "token-classification": "token-classification",
};

/** A trial and what it measured, in the order of steps. */
export interface CardSource {
  readonly study: StudyRecord;
  readonly trial: CompleteTrial;
  readonly config: TrainConfig;
  readonly measurements: readonly Measurement[];
}

/** Files of the folder by their names. */
export function cardFiles(source: CardSource): Readonly<Record<string, string>> {
  return { "README.md": modelCard(source), "trainer_state.json": trainerState(source) };
}

/** Of the evaluation whose weights the model has. */
function bestMetrics({ trial, measurements }: CardSource): readonly (readonly [MetricName, number])[] {
  const best = measurements.find(({ step }) => step === trial.bestStep);
  const values = Object.entries(best?.validation ?? {}) as [MetricName, number | null][];
  return values.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

/** Metadata: https://huggingface.co/docs/hub/model-cards (base_model, model-index). */
function modelCard(source: CardSource): string {
  const { study, trial } = source;
  const { settings, seed } = study.sweep;
  const name = `${study.name}-trial-${trial.number}`;
  const metadata = {
    library_name: "transformers",
    pipeline_tag: PIPELINES[settings.task],
    // A folder of this machine means nothing to others.
    ...(settings.hub && { base_model: settings.hub.id, base_model_relation: "finetune" }),
    tags: ["dualrate"],
    "model-index": [{ name, results: [resultsOf(source)] }],
  };
  const tokens = settings.introduced.tokens;
  const shown = tokens.slice(0, 20).map((token) => `\`${token}\``);
  const groups = groupRows(source).map((cells) => `| ${cells.join(" | ")} |`);
  const lines = [
    `# ${name}`,
    "",
    `${settings.hub ? `[${settings.hub.id}](https://huggingface.co/${settings.hub.id})` : "A pretrained model"} with ` +
      `${tokens.length} introduced tokens, trained with learning rates of their own: the introduced rows learn at ` +
      `${formatRatio(trial.rates.lr_ratio)} the rate of the pretrained weights. The ratio was found by a sweep of ` +
      "dualrate, which wrote this card.",
    "",
    `Introduced tokens: ${shown.join(" ")}${tokens.length > shown.length ? ` and ${tokens.length - shown.length} more` : ""}`,
    "",
    "## Training",
    "",
    "| group | learning rate | schedule | warmup steps | weight decay |",
    "|---|---|---|---|---|",
    ...groups,
    "",
    `Weights of step ${trial.bestStep}, the best evaluation's (seed ${seed}, replicate ${trial.replicate + 1}).`,
    "",
    "## Results on the validation set",
    "",
    "| metric | value |",
    "|---|---|",
    ...bestMetrics(source).map(([metric, value]) => `| ${metric} | ${formatMetric(value)} |`),
    "",
    "The validation set chose this trial among others; expect a little less on new data.",
  ];
  return `---\n${stringify(metadata)}---\n\n${lines.join("\n")}\n`;
}

function resultsOf(source: CardSource) {
  const { settings } = source.study.sweep;
  const metrics = bestMetrics(source).map(([name, value]) => ({ type: name, name: `validation ${name}`, value }));
  return {
    task: { type: PIPELINES[settings.task] },
    dataset: { name: "validation set of the study", type: source.study.name },
    metrics,
  };
}

/** The table's rows: the parameter groups that the model has. */
function groupRows({ config, measurements }: CardSource): readonly (readonly string[])[] {
  const present = Object.keys(measurements.at(-1)?.groups ?? {});
  return present.flatMap((name) => {
    const group = config.groups[name];
    if (!group) return [];
    const { lr, schedule, weightDecay } = group;
    return [
      [name, formatRate(lr), schedule.type, String(schedule.warmupSteps), String(Number(weightDecay.toPrecision(3)))],
    ];
  });
}

/** Hugging Face's TrainerState, which TrainerState.load_from_json reads (checked with transformers 5.18). */
function trainerState({ study, trial, config, measurements }: CardSource): string {
  const { trainExamples } = study.summary;
  const epochOf = (step: number) => (step * config.batchSize * config.accumulationSteps) / trainExamples;
  const state = {
    best_global_step: trial.bestStep,
    best_metric: trial.value,
    best_model_checkpoint: null,
    epoch: epochOf(trial.bestStep),
    eval_steps: config.evalSteps,
    global_step: trial.bestStep,
    is_hyper_param_search: true,
    is_local_process_zero: true,
    is_world_process_zero: true,
    log_history: measurements.flatMap((measurement) => logEntries(measurement, epochOf(measurement.step))),
    logging_steps: config.evalSteps,
    max_steps: config.totalSteps,
    num_input_tokens_seen: 0,
    num_train_epochs: Math.ceil(epochOf(config.totalSteps)),
    save_steps: config.evalSteps,
    stateful_callbacks: {},
    total_flos: 0,
    train_batch_size: config.batchSize,
    trial_name: `${study.name}-trial-${trial.number}`,
    trial_params: { ...trial.parameters, ...trial.rates },
  };
  return `${JSON.stringify(state, null, 2)}\n`;
}

/** A training entry and an evaluation entry, as the Trainer logs them. */
function logEntries({ step, trainLoss, validation, groups }: Measurement, epoch: number): readonly object[] {
  const evaluated = Object.entries(validation).flatMap(([name, value]) =>
    value === null ? [] : [[`eval_${name}`, value]],
  );
  const rates = Object.fromEntries(Object.entries(groups).map(([group, { lr }]) => [`learning_rate_${group}`, lr]));
  const norms = Object.fromEntries(
    Object.entries(groups).map(([group, { gradNorm }]) => [`grad_norm_${group}`, gradNorm]),
  );
  return [
    { epoch, loss: trainLoss, learning_rate: groups.base?.lr, ...rates, ...norms, step },
    { epoch, ...Object.fromEntries(evaluated), step },
  ];
}

// The shape of a sweep file: keys, types, bounds, defaults. Rules that hold between keys are in checks.ts.
import { z } from "zod";
import { DATA_FORMATS } from "./data-format.js";
import { budgetSchema, earlyTerminateSchema } from "./limits-schema.js";
import { METRICS } from "./metrics.js";
import { fixedShape, groupPatterns, parametersSchema, probability, TARGET } from "./parameter-schemas.js";
import { GROUP_SUFFIXES, type ParameterName } from "./parameters.js";
import type { MetricName } from "./settings.js";
import { parseTokenInit, TOKEN_INITS } from "./token-init.js";

/** Names of token groups. */
export const TOKEN_GROUP_NAME = /^[a-z][a-z0-9_]*$/;

const count = z.int().min(1);
const path = z.string().min(1);

/** Exactly one of the keys; checks.ts says so in words, this tells editors. */
function exactlyOneOf(...keys: readonly string[]) {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}

const share = z.number().gt(0).lt(1);

const split = z.strictObject({
  validation: share.describe("Share of the texts that validate."),
  test: share.optional().describe("Share of the texts that test. Default: none."),
  seed: z.int().min(0).default(0).describe("Draws another split; nothing else depends on it."),
});

const data = z
  .strictObject({
    train: path.optional().describe("File of the training split, relative to this file."),
    validation: path.optional().describe("File of the validation split."),
    test: path.optional().describe("File of the test split."),
    file: path.optional().describe("One file for all splits, with `split`, instead of train, validation and test."),
    split: split.optional().describe("How `file` is split; the same text never falls into two splits."),
    format: z
      .enum(["auto", ...DATA_FORMATS])
      .default("auto")
      .describe(
        "Of the files. auto: by their endings .csv, .tsv, .txt, .parquet, .conll (.bio, .iob, .iob2), else JSONL; text is one " +
          "example a line, conll a word and its tag a line.",
      ),
    text: z
      .string()
      .min(1)
      .default("text")
      .describe("The field or column that holds the text, or the list of words (token-classification)."),
    text_pair: z
      .string()
      .min(1)
      .optional()
      .describe("The field or column that holds a second text, for pairs of texts (sequence-classification)."),
    label: z
      .string()
      .min(1)
      .default("label")
      .describe("The field or column that holds the class, or the list of the words' tags (token-classification)."),
    max_train_samples: count.optional().describe("The first N training examples only."),
    max_eval_samples: count.optional().describe("The first N validation examples only."),
  })
  .meta({ oneOf: [{ required: ["train", "validation"] }, { required: ["file", "split"] }] });

const introducedTokens = z
  .strictObject({
    tokens: z
      .array(z.string())
      .min(1)
      .meta({ uniqueItems: true, description: "The tokens to introduce; the vocabulary has none of them." })
      .optional(),
    file: path
      .optional()
      .describe(
        "A file of the tokens, instead: one a line, or .csv, .tsv, .jsonl, .parquet with columns `token` and, optionally, `init`.",
      ),
    pattern: z
      .string()
      .min(1)
      .optional()
      .describe("A regular expression, instead: what it matches in the training texts are the tokens."),
    token_init: z
      .record(
        z.string(),
        z.string().refine((init) => parseTokenInit(init) !== undefined, TOKEN_INITS),
      )
      .optional()
      .describe(`How single tokens' rows start, by token: ${TOKEN_INITS}. Others start as init says.`),
    max_tokens: count.optional().describe("A pattern that finds more tokens is an error. Default: 1000."),
    special: z.boolean().default(false).describe("Special tokens are never masked or predicted."),
    ...fixedShape("introduced_tokens"),
  })
  .meta(exactlyOneOf("tokens", "file", "pattern"));

const tokenGroups = z.record(z.string(), z.array(z.string()).min(1).meta({ uniqueItems: true })).meta({
  propertyNames: { pattern: TOKEN_GROUP_NAME.source },
  description:
    "Lists of tokens that the vocabulary has, by a name, each a parameter group: with {special: [...]}, parameters may " +
    `have ${GROUP_SUFFIXES.map((suffix) => `special_${suffix}`).join(", ")}.`,
});

const trainer = z
  .strictObject({
    max_steps: count.optional().describe("Optimizer steps of a trial."),
    num_train_epochs: z.number().gt(0).optional().describe("Passes over the training split, instead of max_steps."),
    eval_steps: count.describe("Optimizer steps between two evaluations."),
    eval_batch_size: count.max(1_000_000).default(32).describe("Examples evaluated at once."),
    max_length: z.int().min(3).default(128).describe("Tokens, special ones included, to which texts are truncated."),
    mask_probability: probability.optional().describe("Share of tokens asked for (masked-lm). Default: 0.15."),
    introduced_mask_probability: probability
      .optional()
      .describe("Share of introduced tokens asked for (masked-lm). Default: as mask_probability."),
    mask_replacement: z
      .tuple([probability, probability, probability])
      .optional()
      .describe(
        "Shares of asked-for tokens shown as [MASK], as a random token, as they are. Default: [0.8, 0.1, 0.1].",
      ),
    whole_word_masking: z
      .boolean()
      .optional()
      .describe("Mask all of a word's tokens or none, each word by mask_probability (masked-lm). Default: false."),
    problem_type: z
      .enum(["single_label_classification", "regression"])
      .optional()
      .describe(
        "What labels are (sequence-classification): classes, or numbers, whose loss is the mean squared error. " +
          "Default: single_label_classification.",
      ),
    dropout: z.boolean().default(true).describe("False turns the model's dropout off."),
    group_by_length: z.boolean().default(true).describe("Batches of texts of about the same length."),
    early_stopping_patience: count
      .optional()
      .describe("Evaluations without a better value after which a trial ends. Default: it goes on."),
    row_updates: z
      .enum(["dense", "lazy"])
      .optional()
      .describe(
        "Rows of the word table without gradient in a step: moved by momentum and decay, or left as they are " +
          "(tasks that classify). Default: dense.",
      ),
    max_trial_minutes: z
      .number()
      .gt(0)
      .optional()
      .describe("Minutes after which a trial is stopped, tried once more, and fails. Default: no limit."),
    ...fixedShape("trainer"),
  })
  .meta(exactlyOneOf("max_steps", "num_train_epochs"));

/** As Hugging Face's Trainer reports them to W&B. */
const LOGGED_METRICS = METRICS.flatMap((name) => [`eval/${name}`, `eval_${name}`] as const);

const metric = z.strictObject({
  name: z
    .enum([...METRICS, ...LOGGED_METRICS])
    .transform((name) => name.replace(/^eval[/_]/, "") as MetricName)
    .default("loss")
    .describe(
      "The validation metric that ranks the trials; `eval/loss` and `eval_loss` mean `loss`. f1: of entities " +
        "(token-classification), mean of the classes' (sequence-classification).",
    ),
  goal: z
    .enum(["minimize", "maximize"])
    .optional()
    .describe("Default: maximize for accuracy and f1, minimize for losses."),
});

const exportedFrom = z.strictObject({
  study: z.string(),
  trial: count,
  metric: z.enum(METRICS),
  value: z.number(),
  step: count,
  replicate: count.optional(),
});

const final = z.strictObject({
  top: count.default(3).describe("Leaders that are run again, the best at ratio 1 beside them."),
  seeds: z.int().min(2).describe("Seeds that each of them has in the end, the search's own included."),
});

/** The sections of a sweep file that have keys of their own. */
export const SECTIONS = {
  data,
  introduced_tokens: introducedTokens,
  trainer,
  metric,
  parameters: parametersSchema([]).meta(groupPatterns()),
  early_terminate: earlyTerminateSchema,
  budget: budgetSchema,
  exported_from: exportedFrom,
  final,
  "data.split": split,
} as const;

export const sweepSchema = z
  .strictObject({
    name: z
      .string()
      .max(100)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "letters, digits, dots, hyphens and underscores, a letter or digit first")
      .describe("The study's name."),
    description: z.string().optional().describe("For the reader of this file."),
    seed: z.int().min(0).default(0).describe("Seeds data order, masks, dropout and the search."),
    model: path.describe(
      "A Hugging Face model folder, relative to this file; or a model of the hub, ORGANISATION/NAME or hf://ORGANISATION/NAME@REVISION.",
    ),
    task: z
      .enum(["masked-lm", "causal-lm", "sequence-classification", "token-classification"])
      .describe("What is trained: masked tokens, each next token (decoders), or a class for each text or each word."),
    data: SECTIONS.data,
    introduced_tokens: SECTIONS.introduced_tokens,
    token_groups: tokenGroups.optional(),
    trainer: SECTIONS.trainer,
    method: z
      .enum(["grid", "random", "sobol", "bayes"])
      .describe(
        "How configurations are chosen: every combination of the values; or run_cap of them: random draws, points of a " +
          "Sobol sequence, or each where the trials before it promise most.",
      ),
    metric: SECTIONS.metric.prefault({}),
    parameters: SECTIONS.parameters.default({}).describe("The search space; the first parameter varies slowest."),
    run_cap: count
      .optional()
      .describe("At most this many trials, spread over the grid; for the other methods, their number."),
    early_terminate: SECTIONS.early_terminate.optional().describe("Trials that do worse than others end early."),
    budget: SECTIONS.budget.optional().describe("No trial begins after the first of these is spent."),
    constraints: z
      .array(z.string())
      .optional()
      .describe(
        'What every trial meets, e.g. "base_lr * lr_ratio <= 0.01": names, numbers, * and /, and <=, <, >= or >.',
      ),
    enqueue: z
      .array(z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])))
      .optional()
      .describe("Configurations to run first, each a value for every searched parameter; they count towards run_cap."),
    replicates: count.optional().describe("Seeds that every configuration runs with (1)."),
    final: SECTIONS.final
      .optional()
      .describe("After the search, its leaders and the best at ratio 1 are run again with more seeds, beyond run_cap."),
    warm_start: z
      .string()
      .regex(/^(.+:)?[A-Za-z0-9][A-Za-z0-9._-]*$/, "a study's name, or FOLDER:STUDY")
      .optional()
      .describe(
        "A study of the results folder, or FOLDER:STUDY of another one, whose trials choose the first configurations (bayes).",
      ),
    exported_from: SECTIONS.exported_from.optional().describe("Written by `dualrate export`."),
  })
  .meta({ title: "dualrate sweep" });

/** The schema of sweep files with these token groups, whose parameters they may search. */
export function sweepSchemaFor(tokenGroups: readonly string[]): typeof sweepSchema {
  if (tokenGroups.length === 0) return sweepSchema;
  // More keys than the type has: those of the groups are read by name alone (given.ts).
  return sweepSchema.extend({ parameters: parametersSchema(tokenGroups).default({}) }) as unknown as typeof sweepSchema;
}

/** A sweep file whose every key has the right type, defaults filled in. */
export type SweepInput = z.output<typeof sweepSchema>;

/** A searched parameter as the file states it. */
export type Searched = NonNullable<SweepInput["parameters"][ParameterName]>;

/** The JSON Schema of sweep files, for editors: draft 7. */
export function sweepJsonSchema(): object {
  return z.toJSONSchema(sweepSchema, TARGET);
}

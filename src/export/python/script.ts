// A trial as a Python script: PyTorch and transformers alone, with what this trial uses and nothing else.

import { dataCode, dataConstants } from "./data.js";
import { constant, dict, join, literal, usedModules } from "./literal.js";
import { evaluationCode, lossCode, mainCode } from "./loop.js";
import { optimizerCode } from "./optimizers.js";
import { groupConstants, schedulesCode } from "./schedules.js";
import { initConstants, loaderOf, tokensCode } from "./tokens.js";
import { hasHead, splitFormats, type Twin } from "./twin.js";

/** Throws a DualrateError of code "usage" for a metric that the script does not know. */
export function toPython(twin: Twin): string {
  const groups = groupsOf(twin);
  const body = join(
    constantsCode(twin),
    "\n",
    dataCode(twin),
    "\n",
    tokensCode(twin),
    "\n",
    schedulesCode(groups.map(([, { schedule }]) => schedule)),
    "\n",
    optimizerCode(twin),
    "\n",
    lossCode(twin),
    "\n",
    evaluationCode(twin),
    "\n",
    mainCode(twin),
    "",
  );
  return join(docstring(twin), importsOf(twin, body), body);
}

/** The trial's parameter groups; one without a task head has no rate for it. */
function groupsOf(twin: Twin) {
  return Object.entries(twin.config.groups).filter(([name]) => name !== "head" || hasHead(twin));
}

function docstring({ configuration, settings }: Twin): string {
  const { exported_from: from, seed } = configuration;
  return join(
    `"""Trains trial ${from.trial} of the study ${from.study} (${settings.task}) with PyTorch and transformers.`,
    "",
    `Written by dualrate export. Its best ${from.metric} was ${from.value}, after step ${from.step} (seed ${seed}).`,
    "Order, masks and dropout are drawn by other generators here: expect about that, not the same digits.",
    "",
    "The introduced tokens' rows are parameters of their own (SplitRows), with their own learning rate,",
    "schedule, weight decay and optimizer state.",
    '"""',
    "",
  );
}

function importsOf(twin: Twin, body: string): string {
  return join(
    ...usedModules(body).map((name) => `import ${name}`),
    "from pathlib import Path",
    "",
    ...(splitFormats(twin.settings).includes("parquet") ? ["import pyarrow.parquet"] : []),
    "import torch",
    "import torch.nn.functional as F",
    ...(twin.settings.hub ? ["from huggingface_hub import snapshot_download"] : []),
    "from safetensors.torch import load_file",
    "from torch import nn",
    "from torch.func import functional_call",
    `from transformers import ${loaderOf(twin)}, AutoTokenizer`,
    "",
  );
}

/** A folder: beside the script, or in the hub's cache. */
function modelExpression({ settings: { hub }, configuration: { model } }: Twin): string {
  if (hub === undefined) return `HERE / ${literal(model)}`;
  return `snapshot_download(${literal(hub.id)}, revision=${literal(hub.commit ?? hub.revision)})`;
}

function constantsCode(twin: Twin): string {
  const { settings, config } = twin;
  const { trainer, introduced, tokenGroups } = settings;
  const [mask, random] = trainer.maskReplacement;
  const masked = settings.task === "masked-lm";
  const numbers: Readonly<Record<string, unknown>> = {
    MAX_LENGTH: trainer.maxLength,
    ...(masked && { MASK_PROBABILITY: trainer.maskProbability }),
    ...(masked && !introduced.special && { INTRODUCED_MASK_PROBABILITY: trainer.introducedMaskProbability }),
    ...(masked && { MASK_SHARE: mask, RANDOM_SHARE: random }),
    BATCH_SIZE: config.batchSize,
    ACCUMULATION_STEPS: config.accumulationSteps,
    TOTAL_STEPS: config.totalSteps,
    EVAL_STEPS: config.evalSteps,
    EVAL_BATCH_SIZE: trainer.evalBatchSize,
    ...(trainer.earlyStoppingPatience !== undefined && { PATIENCE: trainer.earlyStoppingPatience }),
    ...(config.maxGradNorm > 0 && { MAX_GRAD_NORM: config.maxGradNorm }),
    ...(config.baseFrozenSteps > 0 && { BASE_FROZEN_STEPS: config.baseFrozenSteps }),
    ...(config.layerLrDecay !== 1 && { LAYER_LR_DECAY: config.layerLrDecay }),
    SEED: config.seed,
  };
  return join(
    "HERE = Path(__file__).resolve().parent",
    'DEVICE = "cuda" if torch.cuda.is_available() else "cpu"',
    "",
    `MODEL = ${modelExpression(twin)}`,
    ...dataConstants(twin),
    "",
    constant("TOKENS", introduced.tokens),
    `SPECIAL = ${literal(introduced.special)}`,
    ...Object.entries(initConstants(twin)).map(([name, value]) => constant(name, value)),
    ...(tokenGroups ? ["# Existing tokens with rates of their own.", dict("TOKEN_GROUPS", tokenGroups)] : []),
    "",
    `# ${ratioComment(twin)}`,
    groupsDict(twin),
    "",
    ...Object.entries(numbers).map(([name, value]) => constant(name, value)),
  );
}

function ratioComment({ config }: Twin): string {
  const { base, introduced } = config.groups;
  return `Each parameter group by its peak rate; that of the introduced rows is ${Number((introduced.lr / base.lr).toPrecision(6))} times the base's.`;
}

function groupsDict(twin: Twin): string {
  const groups = groupsOf(twin).map(([name, group]) => {
    const entries = Object.entries(groupConstants(group)).map(
      ([key, value]) => `        ${literal(key)}: ${literal(value)},\n`,
    );
    return `    ${literal(name)}: {\n${entries.join("")}    },\n`;
  });
  return `GROUPS = {\n${groups.join("")}}`;
}

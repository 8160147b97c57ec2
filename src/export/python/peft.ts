// What PEFT can express of a trial: the introduced rows as trainable tokens, at their own rate and schedule. PEFT freezes all
// that it does not train, so that a rate for the base weights is beyond it.
import { constant, dict, join, literal, usedModules } from "./literal.js";
import { LION, optimizerCall } from "./optimizers.js";
import { groupConstants, schedulesCode } from "./schedules.js";
import { hasHead, type Twin } from "./twin.js";

const TASK_TYPES: Readonly<Record<string, string>> = {
  "causal-lm": "CAUSAL_LM",
  "sequence-classification": "SEQ_CLS",
  "token-classification": "TOKEN_CLS",
};

export function toPeft(twin: Twin): string {
  const { settings, config } = twin;
  const { optimizer } = config;
  const introduced = config.groups.introduced;
  const taskType = TASK_TYPES[settings.task];
  const body = join(
    constant("TOKENS", settings.introduced.tokens),
    dict("INTRODUCED", groupConstants(introduced)),
    `TOTAL_STEPS = ${config.totalSteps}`,
    ...(config.maxGradNorm > 0
      ? [`MAX_GRAD_NORM = ${literal(config.maxGradNorm)}  # for your trainer, or torch's clip_grad_norm_`]
      : []),
    "\n",
    "def trainable_tokens(model, tokenizer, lora=None):",
    '    """The model as PEFT trains it: the rows of TOKENS and nothing else; with `lora`, a dict of',
    '    LoraConfig\'s settings, adapters beside them, which then share the optimizer\'s rate."""',
    "    ids = tokenizer.convert_tokens_to_ids(TOKENS)",
    "    if lora is not None:",
    `        config = LoraConfig(${taskType === undefined ? "" : `task_type="${taskType}", `}trainable_token_indices=ids, **lora)`,
    "    else:",
    `        config = TrainableTokensConfig(${taskType === undefined ? "" : `task_type="${taskType}", `}token_indices=ids)`,
    "    return get_peft_model(model, config)",
    "\n",
    schedulesCode([introduced.schedule]),
    ...(optimizer.name === "lion" ? ["\n", LION] : []),
    "\n",
    "def optimizer_and_scheduler(model):",
    "    parameters = [p for p in model.parameters() if p.requires_grad]",
    '    groups = [{"params": parameters, "weight_decay": INTRODUCED["weight_decay"]}]',
    `    optimizer = ${optimizerCall(optimizer, "groups").replace("lr=0.0", 'lr=INTRODUCED["lr"]')}`,
    "    rate = lambda step: multiplier(INTRODUCED, step)",
    "    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, rate)",
    "",
  );
  return join(
    docstring(twin),
    ...usedModules(body).map((name) => `import ${name}`),
    "",
    "import torch",
    "from peft import LoraConfig, TrainableTokensConfig, get_peft_model",
    "",
    body,
  );
}

function docstring(twin: Twin): string {
  const { configuration, config } = twin;
  const from = configuration.exported_from;
  const missing = missingParts(twin);
  return join(
    `"""Trial ${from.trial} of the study ${from.study} as far as PEFT (0.15 or later) can express it.`,
    "",
    "Written by dualrate export. PEFT trains the introduced tokens' rows at their own rate, schedule and",
    "weight decay, and keeps everything else as it was. The tokens must be in the tokenizer and the model",
    `already, their rows started as dualrate did (init: ${config.init}).`,
    ...(missing.length > 0
      ? ["", "What it cannot express, and the trial had:", ...missing.map((part) => `- ${part}`)]
      : []),
    ...(config.baseFrozenSteps < config.totalSteps ? ["", "For all of it: dualrate export --format python"] : []),
    '"""',
    "",
  );
}

function missingParts(twin: Twin): readonly string[] {
  const { config, settings } = twin;
  const { base } = config.groups;
  const frozen = config.baseFrozenSteps >= config.totalSteps;
  return [
    ...(frozen ? [] : [`a rate of its own for the pretrained weights (${literal(base.lr)}): they are frozen`]),
    ...Object.keys(settings.tokenGroups ?? {}).map((name) => `a rate for the token group ${name}`),
    ...(settings.task === "masked-lm" ? ["the introduced tokens' entries of the output bias, which stay"] : []),
    ...(settings.task === "causal-lm"
      ? ["the introduced tokens' rows of the output layer, where it is not tied to the embeddings"]
      : []),
    ...(hasHead(twin) ? ["a rate of its own for a new head, which shares the tokens' one"] : []),
    ...(settings.trainer.rowUpdates === "lazy" ? ["lazy rows"] : []),
  ];
}

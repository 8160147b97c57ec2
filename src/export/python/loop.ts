// The script's loss, evaluation and main function.
import { DualrateError } from "../../errors.js";
import { recordsOf } from "./data.js";
import { f1Code } from "./f1.js";
import { join } from "./literal.js";
import { optimizerCall } from "./optimizers.js";
import { classifies, hasClasses, hasHead, isRegression, type Twin, tags } from "./twin.js";

export function lossCode(twin: Twin): string {
  const causal = twin.settings.task === "causal-lm";
  const regression = isRegression(twin);
  return join(
    "def target_labels(batch):",
    ...(causal ? ['    return batch["labels"][:, 1:].flatten()  # each position is asked for the next'] : []),
    ...(regression ? ['    return batch["labels"].float()'] : []),
    ...(causal || regression ? [] : ['    return batch["labels"].flatten()']),
    "\n",
    "def target_count(batch):",
    regression ? '    return len(batch["labels"])' : "    return (target_labels(batch) != -100).sum().item()",
    "\n",
    "def target_losses(split, batch):",
    `    """Losses${regression ? "" : " (0 where nothing is asked for)"} and logits of the targets [T]."""`,
    '    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}',
    `    logits = split(**inputs).logits${causal ? "[:, :-1]" : ""}`,
    ...(regression
      ? [
          "    logits = logits.squeeze(-1)",
          '    return F.mse_loss(logits, target_labels(batch), reduction="none"), logits',
        ]
      : [
          "    logits = logits.reshape(-1, logits.shape[-1])",
          '    return F.cross_entropy(logits, target_labels(batch), reduction="none"), logits',
        ]),
  );
}

/** What a metric averages, and over which targets where not all. */
interface Averaged {
  readonly value: string;
  readonly only?: "introduced" | "base";
}

const METRICS: Readonly<Record<string, Averaged>> = {
  loss: { value: "losses" },
  loss_introduced: { value: "losses", only: "introduced" },
  loss_base: { value: "losses", only: "base" },
  accuracy: { value: "(logits.argmax(-1) == labels).float()" },
};

/** Throws a DualrateError of code "usage" for a metric that the task's script does not have. */
export function evaluationCode(twin: Twin): string {
  const { name } = twin.configuration.metric;
  if (name === "f1") return f1Code(twin);
  const metric = METRICS[name];
  if (!metric || (metric.only && tags(twin))) {
    throw new DualrateError("usage", `--format python does not know the metric ${name} of ${twin.settings.task} yet`, {
      hint: "It knows loss, accuracy and f1 there. Or export the trained model: dualrate export --checkpoint DIR",
    });
  }
  const holds = classifies(twin)
    ? 'torch.isin(batch["input_ids"], introduced).any(1)'
    : "torch.isin(labels, introduced)";
  return join(
    "@torch.no_grad()",
    `def evaluate(split, batches${metric.only ? ", introduced" : ""}):`,
    `    """The mean ${name === "accuracy" ? name : `loss${restriction(twin, metric.only)}`}, each target counted alike."""`,
    "    split.eval()",
    "    total, count = 0.0, 0",
    "    for batch in batches:",
    "        labels = target_labels(batch)",
    "        losses, logits = target_losses(split, batch)",
    ...(isRegression(twin)
      ? ["        counted = torch.ones_like(labels, dtype=torch.bool)"]
      : ["        counted = labels != -100"]),
    ...(metric.only ? [`        counted &= ${metric.only === "base" ? "~" : ""}${holds}`] : []),
    `        total += ${metric.value}[counted].sum().item()`,
    "        count += counted.sum().item()",
    "    return total / count",
  );
}

function restriction(twin: Twin, only: "introduced" | "base" | undefined): string {
  if (!only) return "";
  if (classifies(twin)) return ` of examples with${only === "base" ? "out" : ""} introduced tokens`;
  return ` on ${only} tokens`;
}

export function mainCode(twin: Twin): string {
  const classes = hasClasses(twin);
  const loaded = hasHead(twin) ? "split, tokenizer, new" : "split, tokenizer";
  return join(
    trainCode(twin),
    "\n",
    "def main():",
    "    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])",
    '    parser.add_argument("--output", default="trained-model", help="a new folder for the model")',
    '    parser.add_argument("--start", help="first values, as dualrate export --start-weights has them")',
    '    parser.add_argument("--batches", help="train on these batches only, and print the losses")',
    "    options = parser.parse_args()",
    "    if not options.batches and Path(options.output).exists():",
    '        parser.error(f"{options.output} exists already: name another folder with --output")',
    "    torch.manual_seed(SEED)",
    `    records = ${recordsOf(twin, "train")}`,
    classes && "    classes = class_names(records)",
    `    ${loaded} = load(${classes ? "classes, " : ""}options.start)`,
    `    optimizer = ${optimizerCall(twin.config.optimizer, `parameter_groups(split${hasHead(twin) ? ", new" : ""})`)}`,
    "    if options.batches:",
    "        for step, batches in enumerate(exported_steps(options.batches)):",
    `            split.${mode(twin)}()`,
    '            print(f"step {step + 1} loss {train_step(split, optimizer, batches, step):.7f}")',
    "        return",
    `    examples = encode(records, tokenizer${classes ? ", classes" : ""})`,
    `    train(split, tokenizer, optimizer, examples${classes ? ", classes" : ""}, options.output)`,
    "\n",
    'if __name__ == "__main__":',
    "    main()",
  );
}

/** Dropout is on in training mode alone. */
function mode({ config }: Twin): "train" | "eval" {
  return config.dropout ? "train" : "eval";
}

function trainCode(twin: Twin): string {
  const { settings, configuration } = twin;
  const classes = hasClasses(twin);
  const masked = settings.task === "masked-lm";
  const restricted = METRICS[configuration.metric.name]?.only !== undefined;
  const named = configuration.metric.name === "f1" && tags(twin);
  const { name, goal } = configuration.metric;
  const patience = settings.trainer.earlyStoppingPatience !== undefined;
  const better = goal === "minimize" ? "<" : ">";
  const ids = "tokenizer.convert_tokens_to_ids(TOKENS)";
  const collated = (of: string, rng: string) =>
    masked ? `collate(${of}, tokenizer, introduced, size, ${rng})` : `collate(${of}, tokenizer)`;
  return join(
    `def train(split, tokenizer, optimizer, examples${classes ? ", classes" : ""}, output):`,
    `    """Trains, and saves the model of the best evaluation."""`,
    masked && `    introduced = set(${ids})`,
    masked && "    size = split.model.config.vocab_size",
    restricted && `    introduced_ids = torch.tensor(${ids}, device=DEVICE)`,
    `    validation = encode(${recordsOf(twin, "validation")}, tokenizer${classes ? ", classes" : ""})`,
    masked && "    # Masked once, so that evaluations compare.",
    masked && "    rng = random.Random(SEED)",
    "    validation = [",
    `        ${collated("validation[i : i + EVAL_BATCH_SIZE]", "rng")}`,
    "        for i in range(0, len(validation), EVAL_BATCH_SIZE)",
    "    ]",
    "    rng = random.Random(SEED + 1)",
    "    best = None",
    patience && "    worse = 0",
    "    for step, chosen in zip(range(TOTAL_STEPS), training_order(examples, rng)):",
    `        split.${mode(twin)}()${mode(twin) === "eval" ? "  # the trial's dropout is off" : ""}`,
    `        batches = [${collated("batch", "rng")} for batch in chosen]`,
    "        loss = train_step(split, optimizer, batches, step)",
    "        done = step + 1",
    "        if done % EVAL_STEPS and done < TOTAL_STEPS:",
    "            continue",
    `        value = evaluate(split, validation${restricted ? ", introduced_ids" : ""}${named ? ", classes" : ""})`,
    `        print(f"step {done}/{TOTAL_STEPS} training loss {loss:.4f} validation ${name} {value:.4f}")`,
    `        if best is None or value ${better} best:`,
    "            best = value",
    patience && "            worse = 0",
    "            split.merge()",
    "            split.model.save_pretrained(output)",
    "            tokenizer.save_pretrained(output)",
    ...(patience
      ? ["        else:", "            worse += 1", "            if worse >= PATIENCE:", "                break"]
      : []),
    `    print(f"best validation ${name} {best:.4f}, saved in {output}")`,
  );
}

// Time and peak memory of one training step (forward, backward, AdamW), one thread, next to PyTorch where `python3` (or
// $PYTHON) has torch and transformers. Compute is forward and backward with what dropout needs. Each row runs in a process
// of its own. Run: npm run bench [-- SIZE ...]
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HOST_ENVIRONMENT } from "../dist/runner/host-executor.js";

const SIZES = {
  small: { layers: 2, hidden: 128, heads: 2, intermediate: 512, vocabulary: 8000, batch: 32, length: 64, steps: 30 },
  medium: { layers: 6, hidden: 384, heads: 6, intermediate: 1536, vocabulary: 30522, batch: 16, length: 64, steps: 12 },
  large: { layers: 12, hidden: 768, heads: 12, intermediate: 3072, vocabulary: 30522, batch: 8, length: 64, steps: 5 },
};
const TASKS = ["sequence-classification", "masked-lm"];
const DROPOUTS = [0, 0.1];

const [flag, ...rest] = process.argv.slice(2);
if (flag === "--one") console.log(JSON.stringify(await measure(JSON.parse(rest[0]))));
else table(flag ? [flag, ...rest] : Object.keys(SIZES));

function table(sizes) {
  const unknown = sizes.find((size) => !SIZES[size]);
  if (unknown) throw new Error(`no size "${unknown}"; there are ${Object.keys(SIZES).join(", ")}`);
  const torch = peer({ version: true });
  console.log(
    torch ? `peer: torch ${torch.torch}, transformers ${torch.transformers}` : "peer: none (python3 has no torch)",
  );
  console.log(
    "size    task                     dropout  ms/step = compute + optimizer  tokens/s  peak MB   torch ms  torch MB  speed-up",
  );
  for (const size of sizes) {
    for (const task of TASKS) for (const dropout of DROPOUTS) row(size, task, dropout, torch !== undefined);
  }
}

function row(size, task, dropout, hasPeer) {
  const request = { ...SIZES[size], task, dropout };
  const one = [fileURLToPath(import.meta.url), "--one", JSON.stringify(request)];
  const ours = JSON.parse(execFileSync(process.execPath, one, { env: { ...process.env, ...HOST_ENVIRONMENT } }));
  const theirs = hasPeer ? peer(request) : undefined;
  const cells = [
    size.padEnd(7),
    task.padEnd(24),
    String(dropout).padEnd(7),
    ours.ms.toFixed(0).padStart(8),
    (ours.ms - ours.optimizer).toFixed(0).padStart(9),
    ours.optimizer.toFixed(1).padStart(11),
    ((1000 * request.batch * request.length) / ours.ms).toFixed(0).padStart(9),
    (ours.peak / 1e6).toFixed(0).padStart(8),
    (theirs?.ms.toFixed(0) ?? "-").padStart(10),
    (theirs ? (theirs.peak / 1e6).toFixed(0) : "-").padStart(9),
    theirs ? `${(theirs.ms / ours.ms).toFixed(2)}x`.padStart(9) : "-".padStart(9),
  ];
  console.log(cells.join(" "));
}

function peer(request) {
  try {
    const script = fileURLToPath(new URL("./step.py", import.meta.url));
    const stdio = ["ignore", "pipe", "ignore"];
    return JSON.parse(execFileSync(process.env.PYTHON ?? "python3", [script, JSON.stringify(request)], { stdio }));
  } catch {
    return undefined;
  }
}

/** Median milliseconds of a step, and of its optimizer part alone. */
async function measure({ task, dropout, steps, ...size }) {
  const { OnnxEngine } = await import("../dist/trainer/engine/onnx/engine.js");
  const { createRuntime } = await import("../dist/trainer/engine/runtime.js");
  const { buildModel } = await import("../dist/trainer/models/registry.js");
  const { layOut } = await import("../dist/trainer/optim/layout.js");
  const { allocateOptimizerMemory } = await import("../dist/trainer/optim/memory.js");
  const { Random } = await import("../dist/random.js");
  const introduced = 16;
  const rows = size.vocabulary + introduced;
  const model = buildModel(configOf(size, dropout), { task, rows, classes: 2, has: () => true });
  const layout = layOut(model, { baseRows: size.vocabulary, tokenGroups: [] });
  const random = new Random(0);
  const initialize = (values) => {
    for (const { name, offset, length } of layout.slots) {
      const scale = name.endsWith("norm.weight");
      for (let i = offset; i < offset + length; i++)
        values[i] = scale ? 1 : name.endsWith("bias") ? 0 : 0.02 * random.normal();
    }
  };
  const engine = new OnnxEngine({ runtime: createRuntime(), model, layout, initialize });
  const rates = {
    lr: { base: 1e-4, head: 1e-4, introduced: 1e-3 },
    weightDecay: { base: 0.01, head: 0.01, introduced: 0.01 },
    maxGradNorm: 0,
    gradClipping: "global",
    optimizer: { name: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    rowUpdates: "dense",
    baseFrozenSteps: 0,
    dropoutKey: dropout > 0 ? 1 : null,
  };
  const batch = batchOf(task, size, rows);
  const ms = await median(steps, () => engine.step([batch], rates));
  const peak = process.resourceUsage().maxRSS * 1024;
  const memory = allocateOptimizerMemory(layout.size);
  const update = { lr: 1e-4, weightDecay: 0.01, optimizer: rates.optimizer, t: 1, gradientScale: 1 };
  const optimizer = await median(5, () => {
    memory.update(0, layout.size, update);
  });
  return { ms, optimizer, peak };
}

function configOf({ layers, hidden, heads, intermediate, vocabulary }, dropout) {
  return {
    model_type: "bert",
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediate,
    vocab_size: vocabulary,
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
  };
}

/** As bench/step.py makes it: for masked LM every seventh position is asked for. */
function batchOf(task, { batch, length }, rows) {
  const tokens = batch * length;
  const positions =
    task === "masked-lm"
      ? Array.from({ length: Math.ceil(tokens / 7) }, (_, i) => 7 * i)
      : Array.from({ length: batch }, (_, i) => i * length);
  const inputRows = Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % rows);
  return {
    bucket: { batch, length, targets: positions.length },
    inputRows,
    tokenTypes: new Int32Array(tokens),
    attentionMask: new Float32Array(tokens).fill(1),
    targetPositions: Int32Array.from(positions),
    targetLabels: Int32Array.from(positions, (position, i) => (task === "masked-lm" ? inputRows[position] : i % 2)),
    targetWeights: new Float32Array(positions.length).fill(1),
    targetIntroduced: new Uint8Array(positions.length),
    targetCount: positions.length,
  };
}

async function median(count, run) {
  const times = [];
  for (let i = 0; i < count + 2; i++) {
    const start = performance.now();
    await run();
    if (i >= 2) times.push(performance.now() - start); // the first compile, and warm up
  }
  return times.sort((a, b) => a - b)[Math.floor(count / 2)];
}

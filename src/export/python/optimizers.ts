// The script's optimizer: its parameter groups, torch's class or Lion, and one step of it.
import type { OptimizerConfig } from "../../trainer/config.js";
import { join, literal } from "./literal.js";
import { hasHead, isLazy, type Twin } from "./twin.js";

export function optimizerCode(twin: Twin): string {
  const { optimizer, layerLrDecay } = twin.config;
  return join(
    ...(layerLrDecay === 1 ? [] : [LAYERS]),
    groupsCode(twin),
    ...(optimizer.name === "lion" ? ["\n", LION] : []),
    "\n",
    ...(isLazy(twin) ? [LAZY, "\n"] : []),
    stepCode(twin),
  );
}

/** As trainer/optim/lazy.ts: bias corrections count all steps. */
const LAZY = `@torch.no_grad()
def step_lazily(split, optimizer):
    """A step that leaves rows without a gradient as they are: values, moments and decay."""
    tables = [rows for parts in split.parts for rows in parts.values() if rows.grad is not None]
    idle = [~rows.grad.any(1) for rows in tables]

    def moments(rows):
        return {k: v for k, v in optimizer.state[rows].items() if v.shape == rows.shape}

    values = [rows[rest].clone() for rows, rest in zip(tables, idle)]
    old = [{k: v[rest].clone() for k, v in moments(rows).items()} for rows, rest in zip(tables, idle)]
    optimizer.step()
    for rows, rest, value, before in zip(tables, idle, values, old):
        rows[rest] = value
        for name, moment in moments(rows).items():
            moment[rest] = before.get(name, 0.0)`;

/** What Hugging Face's names say of where a parameter is; the levels are trainer/optim/layout.ts's. */
const LAYERS = `LAYER = re.compile(r"\\.(layer|layers|h|albert_layer_groups)\\.(\\d+)\\.")
EMBEDDINGS = re.compile(r"embed|\\.wte\\.|\\.wpe\\.")


def layers_above(name, layers):
    """0 for what follows the last layer, 1 for the last, layers + 1 for embeddings."""
    layer = LAYER.search(name)
    if layer:
        return layers - int(layer[2])
    return layers + 1 if EMBEDDINGS.search(name) else 0

`;

function groupsCode(twin: Twin): string {
  const layered = twin.config.layerLrDecay !== 1;
  const key = (group: string, parameter: string, factor: string) =>
    `key = (${group}, ${parameter}.ndim > 1${layered ? `, ${factor}` : ""})`;
  return join(
    `def parameter_groups(split${hasHead(twin) ? ", new" : ""}):`,
    '    """Every parameter once. What shares rate and decay is one group of the optimizer. Vectors',
    '    (biases and norm weights) do not decay, as in Hugging Face\'s Trainer."""',
    layered && "    names = [name for name, _ in split.model.named_parameters()]",
    layered && "    layers = len({layer[2] for layer in map(LAYER.search, names) if layer})",
    "    members = {}",
    "    for name, parameter in split.model.named_parameters():",
    "        if not parameter.requires_grad:  # a table, whose row groups follow below",
    "            continue",
    hasHead(twin) && '        group = "head" if name in new else "base"',
    layered && `        level = layers_above(name, layers)${hasHead(twin) ? ' if group == "base" else 0' : ""}`,
    `        ${key(hasHead(twin) ? "group" : '"base"', "parameter", "level")}`,
    "        members.setdefault(key, []).append(parameter)",
    "    for name, parts in zip(split.names, split.parts):",
    "        for group, rows in parts.items():",
    layered && '            level = layers_above(name, layers) if group == "base" else 0',
    `            ${key("group", "rows", "level")}`,
    "            members.setdefault(key, []).append(rows)",
    "    return [",
    "        {",
    '            "name": group,',
    '            "params": parameters,',
    '            "weight_decay": GROUPS[group]["weight_decay"] if decays else 0.0,',
    layered && '            "factor": LAYER_LR_DECAY**level,',
    "        }",
    `        for (group, decays${layered ? ", level" : ""}), parameters in members.items()`,
    "    ]",
  );
}

export const LION = `class Lion(torch.optim.Optimizer):
    """Chen et al. (2023), "Symbolic Discovery of Optimization Algorithms", Algorithm 2."""

    def __init__(self, groups, betas):
        super().__init__(groups, {"lr": 0.0, "weight_decay": 0.0, "betas": betas})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("momentum", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * torch.sign(beta1 * m + (1 - beta1) * p.grad))
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)`;

/** The optimizer over `groups`, the rates of its steps set later. */
export function optimizerCall(optimizer: OptimizerConfig, groups: string): string {
  switch (optimizer.name) {
    case "sgd":
      return `torch.optim.SGD(${groups}, lr=0.0, momentum=${literal(optimizer.momentum)})`;
    case "lion":
      return `Lion(${groups}, betas=(${literal(optimizer.beta1)}, ${literal(optimizer.beta2)}))`;
    default: {
      const name = optimizer.name === "adam" ? "Adam" : "AdamW";
      const betas = `(${literal(optimizer.beta1)}, ${literal(optimizer.beta2)})`;
      return `torch.optim.${name}(\n        ${groups}, lr=0.0, betas=${betas}, eps=${literal(optimizer.epsilon)}\n    )`;
    }
  }
}

function stepCode(twin: Twin): string {
  const { config } = twin;
  const layered = config.layerLrDecay !== 1;
  const perGroup = config.gradClipping === "per_group";
  return join(
    "def train_step(split, optimizer, batches, step):",
    '    """One optimizer step over micro-batches, each target counted alike; returns the mean loss."""',
    "    optimizer.zero_grad()",
    "    count = max(1, sum(target_count(batch) for batch in batches))",
    "    total = 0.0",
    "    for batch in batches:",
    "        loss = target_losses(split, batch)[0].sum() / count",
    "        loss.backward()",
    "        total += loss.item()",
    "    for group in optimizer.param_groups:",
    `        rate = GROUPS[group["name"]]["lr"]${layered ? ' * group["factor"]' : ""}`,
    '        group["lr"] = rate * multiplier(GROUPS[group["name"]], step)',
    ...(config.baseFrozenSteps > 0
      ? [
          '        if group["name"] == "base" and step < BASE_FROZEN_STEPS:',
          '            for parameter in group["params"]:',
          "                parameter.grad = None  # torch leaves the moments of such alone, too",
        ]
      : []),
    ...(config.maxGradNorm > 0 ? clippingLines(perGroup) : []),
    isLazy(twin) ? "    step_lazily(split, optimizer)" : "    optimizer.step()",
    "    return total",
  );
}

function clippingLines(perGroup: boolean): readonly string[] {
  if (!perGroup) return ["    nn.utils.clip_grad_norm_(split.parameters(), MAX_GRAD_NORM)"];
  return [
    "    # Each group by its own norm: a steep one does not slow the others down.",
    "    for name in GROUPS:",
    '        own = [group["params"] for group in optimizer.param_groups if group["name"] == name]',
    "        nn.utils.clip_grad_norm_(sum(own, []), MAX_GRAD_NORM)",
  ];
}

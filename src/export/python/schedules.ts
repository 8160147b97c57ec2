// The script's learning-rate schedules: those that the trial's groups have. The formulas are trainer/optim/schedule.ts's.
import type { Curve, GroupConfig, Schedule } from "../../trainer/config.js";
import { join } from "./literal.js";

/** A group as the script's constants have it. */
export function groupConstants({ lr, weightDecay, schedule }: GroupConfig): Readonly<Record<string, unknown>> {
  const { type, warmupSteps, delaySteps, startFactor } = schedule;
  return {
    lr,
    weight_decay: weightDecay,
    schedule: type,
    // one_cycle reaches its peak a step earlier, as torch's OneCycleLR does.
    warmup_steps: type === "one_cycle" ? Math.max(0, warmupSteps - 1) : warmupSteps,
    delay_steps: delaySteps,
    start_factor: startFactor,
    ...optionsOf(schedule),
  };
}

function optionsOf(schedule: Schedule): Readonly<Record<string, unknown>> {
  switch (schedule.type) {
    case "cosine_with_restarts":
      return { num_cycles: schedule.numCycles };
    case "cosine_with_min_lr":
      return { end_factor: schedule.endFactor };
    case "one_cycle":
      return { warmup_curve: "cosine", end_factor: schedule.endFactor };
    case "polynomial":
      return { power: schedule.power, end_factor: schedule.endFactor };
    case "warmup_stable_decay":
      return {
        warmup_curve: schedule.warmupType,
        decay_curve: schedule.decayType,
        decay_steps: schedule.decaySteps,
        end_factor: schedule.endFactor,
      };
    default:
      return {};
  }
}

const CURVES: Readonly<Record<Curve, string>> = {
  linear: "lambda q: q",
  cosine: "lambda q: 0.5 * (1 - math.cos(math.pi * q))",
  "1-sqrt": "lambda q: 1 - math.sqrt(1 - q)",
};

const HALF_COSINE = "max(0.0, 0.5 * (1 + math.cos(math.pi * p)))";

/** Bodies of functions of a group g: s steps since its delay, w of warmup, t in all. */
const DECAYS: Readonly<Record<Schedule["type"], readonly string[]>> = {
  constant: ["return 1.0"],
  linear: ["return max(0.0, (t - s) / max(1, t - w))"],
  cosine: ["p = (s - w) / max(1, t - w)", `return ${HALF_COSINE}`],
  cosine_with_restarts: [
    "p = (s - w) / max(1, t - w)",
    'return 0.0 if p >= 1 else 0.5 * (1 + math.cos(math.pi * (g["num_cycles"] * p % 1)))',
  ],
  cosine_with_min_lr: [
    "p = (s - w) / max(1, t - w)",
    `return ${HALF_COSINE} * (1 - g["end_factor"]) + g["end_factor"]`,
  ],
  polynomial: [
    "p = (s - w) / max(1, t - w)",
    'return max(0.0, 1 - p) ** g["power"] * (1 - g["end_factor"]) + g["end_factor"]',
  ],
  inverse_sqrt: ["scale = w or 10_000", "return 1 / math.sqrt((s + scale - w) / scale)"],
  warmup_stable_decay: [
    'left = min(1.0, max(0, t - s) / max(1, g["decay_steps"]))',
    'return CURVES[g["decay_curve"]](left) * (1 - g["end_factor"]) + g["end_factor"]',
  ],
  one_cycle: [
    "p = min(1.0, (s - w) / max(1, t - 1 - w))",
    `return ${HALF_COSINE} * (1 - g["end_factor"]) + g["end_factor"]`,
  ],
};

export function schedulesCode(schedules: readonly Schedule[]): string {
  const types = [...new Set(schedules.map(({ type }) => type))].sort();
  const curves = new Set(schedules.flatMap(curvesOf));
  return join(
    ...types.map((type) => `def ${type}(g, s, w, t):\n${DECAYS[type].map((line) => `    ${line}`).join("\n")}\n\n`),
    curves.size > 0 && `CURVES = {\n${[...curves].sort().map(curveEntry).join("")}}`,
    `DECAYS = {${types.map((type) => `"${type}": ${type}`).join(", ")}}`,
    "",
    "",
    "def multiplier(g, step):",
    '    """What a group\'s learning rate is multiplied by, `step` optimizer steps done: nothing until its',
    '    delay is over, a ramp from start_factor to 1, then its schedule over the steps that are left."""',
    '    since = step - g["delay_steps"]',
    "    if since < 0:",
    "        return 0.0",
    '    if since < g["warmup_steps"]:',
    `        rise = ${riseOf(curves.size > 0, 'since / g["warmup_steps"]')}`,
    '        return g["start_factor"] + (1 - g["start_factor"]) * rise',
    '    return DECAYS[g["schedule"]](g, since, g["warmup_steps"], TOTAL_STEPS - g["delay_steps"])',
  );
}

function curveEntry(curve: Curve): string {
  return `    "${curve}": ${CURVES[curve]},\n`;
}

function curvesOf(schedule: Schedule): readonly Curve[] {
  if (schedule.type === "warmup_stable_decay") return ["linear", schedule.warmupType, schedule.decayType];
  return schedule.type === "one_cycle" ? ["linear", "cosine"] : [];
}

/** Only two schedules have another ramp than a line. */
function riseOf(curved: boolean, share: string): string {
  return curved ? `CURVES[g.get("warmup_curve", "linear")](${share})` : share;
}

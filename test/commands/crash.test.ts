// A sweep whose plug is pulled again and again comes to what it comes to undisturbed: every trial once, every number the
// same. `npm run check:crash` pulls it 50 times.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../../src/random.js";
import { runDualrate } from "../program.js";
import {
  ends,
  filesOf,
  integrity,
  MOMENTS,
  type Moment,
  outcome,
  runAndKill,
  studyFolder,
  type Victim,
} from "./killing.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

/** Of the first sweep below; half as many of the second. */
const KILLS = Number(process.env.KILLS ?? 4);
const SEED = Number(process.env.SEED ?? 1);

const trainer = { max_steps: 100, eval_steps: 20, batch_size: 4, max_length: 16, introduced_mask_probability: 1 };
const SWEEPS = {
  halving: {
    workers: 1,
    file: {
      method: "bayes",
      run_cap: 6,
      parameters: { base_lr: { value: 1e-3 }, lr_ratio: { min: 0.5, max: 50 } },
      early_terminate: { type: "asha", min_iter: 1, eta: 2 },
      final: { top: 2, seeds: 2 },
    },
  },
  replicates: {
    workers: 2,
    file: { parameters: { base_lr: { value: 1e-3 }, lr_ratio: { values: [0.5, 1, 4] } }, replicates: 2 },
  },
} as const;
type Name = keyof typeof SWEEPS;

let tiny: TinySweep;
beforeAll(async () => {
  tiny = await createTinySweep();
  for (const [name, { file }] of Object.entries(SWEEPS)) tiny.write(`${name}.yaml`, { name, trainer, ...file });
});
afterAll(() => tiny.dispose());

function victimOf(name: Name, results: string): Victim {
  return { folder: tiny.folder, file: `${name}.yaml`, study: name, results, workers: SWEEPS[name].workers };
}

/** Of the files that are kept: names and hashes. */
function contents(victim: Victim): readonly (readonly [string, string])[] {
  const hash = (name: string) => createHash("sha256").update(readFileSync(join(studyFolder(victim), name)));
  return filesOf(victim).map((name) => [name, hash(name).digest("hex")]);
}

async function ranking(name: Name, results: string): Promise<unknown> {
  const rows = JSON.parse((await runDualrate(["rank", name, "--json", "--results", results], tiny.folder)).stdout);
  return rows.map(({ seconds, ...row }: { readonly seconds: number }) => row);
}

/** Kills the sweep up to `most` times and lets it end; how often it was killed, and at which moments. */
async function tormented(victim: Victim, moments: readonly Moment[], most: number, random: Random): Promise<string[]> {
  const kills: string[] = [];
  let ended: ReadonlyMap<number, number> = new Map();
  while (kills.length < most) {
    const moment = moments[kills.length % moments.length] as Moment;
    const { killed, halves, status, stderr } = await runAndKill(victim, moment, random);
    expect(integrity(victim)).toEqual(["ok"]);
    const now = ends(victim);
    expect([...now]).toEqual(expect.arrayContaining([...ended]));
    ended = now;
    if (!killed) {
      expect([status, stderr]).toEqual([0, expect.not.stringContaining("error")]);
      return kills;
    }
    kills.push(
      `${MOMENTS[moment]}${halves.length > 0 ? ` (left ${halves.length} half written)` : ""}, ${now.size} ended`,
    );
  }
  const flags = ["--workers", `${victim.workers}`, "--results", victim.results];
  const { status, stderr } = await runDualrate(["run", victim.file, ...flags], victim.folder);
  expect([status, stderr]).toEqual([0, expect.not.stringContaining("error")]);
  return kills;
}

async function check(name: Name, moments: readonly Moment[], most: number): Promise<void> {
  const whole = victimOf(name, "whole");
  const undisturbed = await runDualrate(["run", whole.file, "--workers", "1", "--results", "whole"], tiny.folder);
  expect([undisturbed.status, undisturbed.stderr]).toEqual([0, expect.not.stringContaining("error")]);
  const expected = outcome(whole);
  const random = new Random(SEED);
  for (let round = 1, killed = 0; killed < most; round++) {
    const victim = victimOf(name, `killed-${round}`);
    const kills = await tormented(victim, moments, most - killed, random);
    killed += kills.length;
    if (process.env.KILLS) console.log(`${name}, sweep ${round}:\n  ${kills.join("\n  ")}`);
    expect(outcome(victim)).toEqual(expected);
    expect(await ranking(name, victim.results)).toEqual(await ranking(name, "whole"));
    expect(integrity(victim)).toEqual(["ok"]);
    // Nothing but the best trial's weights, which are kept or not as others end before it.
    expect(filesOf(victim).filter((name) => !/^weights.trial-\d+\.safetensors$/.test(name))).toEqual([]);
    if (victim.workers === 1) expect(contents(victim)).toEqual(contents(whole));
  }
}

const LIMIT = 60_000 + 10_000 * KILLS;

test(
  "successive halving, a Bayesian search and finals come to the same trials, values and ranking",
  async () => {
    await check("halving", ["paused", "checkpoint", "weights", "start", "change"], KILLS);
  },
  LIMIT,
);

test(
  "trials with several seeds, two at a time, come to the same values",
  async () => {
    await check("replicates", ["change", "checkpoint", "start", "weights"], Math.ceil(KILLS / 2));
  },
  LIMIT,
);

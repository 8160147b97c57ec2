// Sweeps whose configurations run with several seeds, through the commands: planned, run, cut, ranked, compared, exported.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);

const parameters = { base_lr: { value: 1e-3 }, lr_ratio: { values: [1, 3, 10, 30] } };

interface Ranked {
  readonly number: number;
  readonly value: number;
  readonly seeds: number;
  readonly standard_error: number | null;
  readonly trials: readonly number[];
  readonly replicate: number;
  readonly parameters: { readonly lr_ratio: number };
}

async function rank(study: string, ...flags: readonly string[]): Promise<readonly Ranked[]> {
  return JSON.parse((await dualrate("rank", study, "--json", ...flags)).stdout);
}

beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("final.yaml", { name: "final", parameters, final: { top: 2, seeds: 3 } });
  expect((await dualrate("run", "final.yaml", "--workers", "1")).status).toBe(0);
}, 60_000);
afterAll(() => tiny.dispose());

test("plan says what seeds and finals add", async () => {
  tiny.write("plan.yaml", { name: "plan", parameters, replicates: 2, final: { top: 2, seeds: 3 } });
  const { stdout } = await dualrate("plan", "plan.yaml");
  expect(stdout).toContain("plan: at most 13 trials of 6 steps");
  expect(stdout).toContain("seeds       every configuration with 2 seeds, a trial each\n");
  expect(stdout).toContain(
    "final       after the search, and not counted in run_cap: 2 leaders and the best at ratio 1, each to 3 seeds",
  );
  expect(stdout).toMatch(/\n +7 +30x/);
});

test("the finalists have all seeds, the first of them is the best mean, and the study has finished", async () => {
  const rows = await rank("final");
  expect(rows.map(({ seeds }) => seeds)).toEqual([3, 3, 3, 1]);
  const single = await rank("final", "--seeds");
  expect(single).toHaveLength(10);
  const [best] = rows;
  const values = single.filter(({ number }) => best?.trials.includes(number)).map(({ value }) => value);
  const mean = values.reduce((a, b) => a + b, 0) / 3;
  expect(best?.value).toBeCloseTo(mean, 12);
  expect(best?.standard_error).toBeCloseTo(Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / 6), 12);
  expect(rows.slice(0, 3).map(({ parameters }) => parameters.lr_ratio)).toContain(1);
  expect((await dualrate("studies")).stdout).toMatch(/final +finished +10\/10/);
  const again = await dualrate("run", "final.yaml");
  expect([again.status, again.stderr]).toEqual([0, expect.stringContaining("final has finished already")]);
  expect(again.stdout).toMatch(/^Best ratio .* ± .*3 seeds\)/);
  expect((await dualrate("studies")).stdout).toMatch(/final +finished +10\/10/);
});

test("compare gives the chance of being the best, and the paired difference to ratio 1 with its interval", async () => {
  const { stdout } = await dualrate("compare", "final");
  expect(stdout).toMatch(/the mean of 3 seeds/);
  expect(stdout).toMatch(/to be the best of the 3 that ran on the same 3 seeds: trial \d+ (over )?\d+ %/);
  expect(stdout).toMatch(
    /against trial 1 \(ratio 1\) seed by seed: -0\.\d+ ± .*95 % interval .* \(n = 3, Student's t\)/,
  );
  const { certainty } = JSON.parse((await dualrate("compare", "final", "--json")).stdout);
  const sum = certainty.chances.reduce((all: number, { probability }: { probability: number }) => all + probability, 0);
  expect(sum).toBeCloseTo(1, 12);
  const [best] = await rank("final");
  expect(certainty.chances[0]).toMatchObject({ trial: best?.number, value: best?.value });
});

test("the best mean's first seed is exported; a later seed's export trains that seed again", async () => {
  const [best] = await rank("final");
  expect((await dualrate("export", "final", "-o", "best.yaml")).stderr).toContain(`trial ${best?.number} of final`);
  const first = await dualrate("train", "best.yaml", "--strict");
  expect([first.status, first.stdout]).toEqual([0, expect.stringContaining("reproduced exactly")]);
  const later = String(best?.trials.at(-1));
  expect((await dualrate("export", "final", "--trial", later, "-o", "later.yaml")).status).toBe(0);
  const second = await dualrate("train", "later.yaml", "--strict");
  expect([second.status, second.stdout]).toEqual([0, expect.stringContaining("reproduced exactly")]);
});

test("finals that are asked for later, or cut and resumed, come to the same trials", async () => {
  tiny.write("cut.yaml", { name: "cut", parameters });
  expect((await dualrate("run", "cut.yaml", "--workers", "1")).status).toBe(0);
  tiny.write("cut.yaml", { name: "cut", parameters, final: { top: 2, seeds: 2 } });
  expect((await dualrate("run", "cut.yaml", "--workers", "1")).status).toBe(0);
  expect(await rank("cut", "--seeds")).toHaveLength(7);
  tiny.write("cut.yaml", { name: "cut", parameters, final: { top: 2, seeds: 3 } });
  expect((await dualrate("run", "cut.yaml", "--workers", "2")).status).toBe(0);
  const told = (rows: readonly Ranked[]) =>
    rows.map(({ value, replicate, parameters }) => ({ value, replicate, parameters }));
  expect(told(await rank("cut", "--seeds"))).toEqual(told(await rank("final", "--seeds")));
});

test("a sweep that is killed in its finals goes on with them", async () => {
  const trainer = { max_steps: 500, eval_steps: 50, batch_size: 4, max_length: 16, introduced_mask_probability: 1 };
  const ratios = { base_lr: { value: 1e-4 }, lr_ratio: { values: [1, 10] } };
  tiny.write("long.yaml", { name: "long", trainer, parameters: ratios, final: { top: 1, seeds: 3 } });
  expect((await dualrate("run", "long.yaml", "--workers", "1")).status).toBe(0);
  const args = [CLI, "run", "long.yaml", "--workers", "1", "--plain", "--results", "killed"];
  const child = spawn(process.execPath, args, { cwd: tiny.folder, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (data) => {
    stderr += data;
    if (stderr.includes("#3 started")) child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
  const resumed = await dualrate("run", "long.yaml", "--workers", "1", "--results", "killed");
  // The two trials of the search had ended, and are not run again.
  expect([resumed.status, resumed.stderr]).toEqual([0, expect.not.stringMatching(/#[12] started/)]);
  expect(resumed.stderr).toContain("#6 done");
  const values = (rows: readonly Ranked[]) => rows.map(({ number, value }) => [number, value]);
  const all = values(await rank("long", "--seeds"));
  expect(all).toHaveLength(6);
  expect(values(await rank("long", "--seeds", "--results", "killed"))).toEqual(all);
}, 60_000);

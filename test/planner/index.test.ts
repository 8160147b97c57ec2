// The planner as others use it: what it suggests and believes, what it refuses, and that it comes alone.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { chances, posterior, type Study, type StudyTrial, suggest } from "../../src/planner/index.js";
import { Random } from "../../src/random.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const parameters = {
  lr: { distribution: "log_uniform_values", min: 1e-5, max: 1e-1 },
  width: { values: [64, 128, 256] },
  kind: { values: ["a", "b"] },
} as const;

/** Best at lr 1e-3 and kind a. */
const lossAt = (lr: number, kind: string) => (Math.log10(lr) + 3) ** 2 + (kind === "a" ? 0 : 1);

function trials(count: number, seeds = 1, noise = 0.05): readonly StudyTrial[] {
  const random = new Random(3);
  return Array.from({ length: count }, (_, i) => {
    const lr = 10 ** (-5 + (4 * (i % 9)) / 8);
    const kind = i % 2 === 0 ? "a" : "b";
    const values = Array.from({ length: seeds }, () => lossAt(lr, kind) + noise * random.normal());
    return { parameters: { lr, width: 128, kind }, state: "complete", values };
  });
}

const study: Study = {
  parameters,
  trials: [...trials(12), { parameters: { lr: 1e-2, width: 64, kind: "b" }, state: "running" }],
};

test("suggestions asked for together are all different, in the space, and the same when asked again", () => {
  const first = suggest(study, 8);
  expect(first).toHaveLength(8);
  expect(new Set(first.map((point) => JSON.stringify(point))).size).toBe(8);
  for (const { lr, width, kind } of first) {
    expect(Number(lr)).toBeGreaterThanOrEqual(1e-5);
    expect(Number(lr)).toBeLessThanOrEqual(1e-1);
    expect([64, 128, 256]).toContain(width);
    expect(["a", "b"]).toContain(kind);
  }
  expect(suggest(study, 8)).toEqual(first);
  expect(suggest({ ...study, seed: 1 }, 8)).not.toEqual(first);
});

test("a search nears the best, of values to maximize as well", () => {
  const at = (goal: "minimize" | "maximize") => {
    let own: Study = { parameters, goal, seed: 2, trials: [] };
    for (let i = 0; i < 25; i++) {
      const [point] = suggest(own);
      const value = lossAt(Number(point?.lr), String(point?.kind)) * (goal === "minimize" ? 1 : -1);
      own = { ...own, trials: [...own.trials, { parameters: point!, state: "complete", values: [value] }] };
    }
    return chances(own)[0]!.parameters;
  };
  for (const goal of ["minimize", "maximize"] as const) {
    const { lr, kind } = at(goal);
    expect(kind).toBe("a");
    expect(Math.abs(Math.log10(Number(lr)) + 3)).toBeLessThan(0.3);
  }
});

test("what may not be tried is not suggested, and a finite space ends", () => {
  const allowed = ({ kind }: Readonly<Record<string, unknown>>) => kind === "b";
  expect(suggest({ ...study, allowed }, 5).every(({ kind }) => kind === "b")).toBe(true);
  const small = { parameters: { n: { values: [1, 2, 3] } }, trials: [] };
  expect(
    suggest(small, 9)
      .map(({ n }) => n)
      .sort(),
  ).toEqual([1, 2, 3]);
});

test("the posterior knows more where there were trials, and its mean is near their values", () => {
  const [near, far] = posterior(study, [
    { lr: 1e-3, width: 128, kind: "a" },
    { lr: 1e-1, width: 256, kind: "b" },
  ]);
  expect(Math.abs(near!.mean - lossAt(1e-3, "a"))).toBeLessThan(0.3);
  expect(near!.deviation).toBeGreaterThan(0);
  expect(far!.deviation).toBeGreaterThan(2 * near!.deviation);
});

test("probabilities of being the best sum to 1, and more seeds make them surer", () => {
  const one = chances({ parameters, trials: trials(9, 1, 0.3) });
  expect(one.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 10);
  expect(one).toHaveLength(9);
  const many = chances({ parameters, trials: trials(9, 8, 0.3) });
  expect(many[0]!.probability).toBeGreaterThan(one[0]!.probability - 0.05);
  expect(many[0]!.parameters).toMatchObject({ lr: 1e-3, kind: "a" });
});

test("failed, pruned and diverged trials are taken for what they are", () => {
  const point = { lr: 1e-3, width: 128, kind: "a" };
  const others: readonly StudyTrial[] = [
    { parameters: { ...point, lr: 1e-1 }, state: "failed", diverged: true },
    { parameters: { ...point, lr: 3e-2 }, state: "complete", values: [Number.NaN] },
    { parameters: { ...point, lr: 2e-5 }, state: "failed" },
    { parameters: { ...point, lr: 5e-5 }, state: "pruned", value: 3 },
  ];
  const told = { parameters, trials: [...trials(9), ...others] };
  expect(chances(told)).toHaveLength(9);
  const [diverged, good] = posterior(told, [{ ...point, lr: 1e-1 }, point]);
  expect(diverged!.mean).toBeGreaterThan(good!.mean + 1);
});

test.each([
  [{ parameters: {}, trials: [] }, /parameters must name at least one/],
  [{ parameters: { a: { min: 2, max: 1 } }, trials: [] }, /parameters\.a\.max must be greater than min \(2\); got 1/],
  [{ parameters: { a: { min: 0, max: 1, distribution: "log" } }, trials: [] }, /parameters\.a\.distribution/],
  [
    { parameters: { a: { values: [1, 2] } }, trials: [{ parameters: {}, state: "running" }] },
    /trials\[0\]\.parameters must have a value for each parameter; a is missing/,
  ],
  [
    { parameters: { a: { values: [1, 2] } }, trials: [{ parameters: { a: 1 }, state: "done" }] },
    /trials\[0\]\.state must be complete, pruned, failed or running; got "done"/,
  ],
  [
    { parameters: { a: { values: [1, 2] } }, trials: [{ parameters: { a: 1 }, state: "complete", values: 3 }] },
    /trials\[0\]\.values must be a list of numbers/,
  ],
  [
    { parameters: { a: { values: [1, 2] } }, trials: [], goal: "best" },
    /goal must be minimize or maximize; got "best"/,
  ],
  [
    { parameters: { a: { values: [1, 2] } }, trials: [], method: "tpe" },
    /method must be bayes, sobol or random; got "tpe"/,
  ],
])("%j is refused with its place", (wrong, message) => {
  expect(() => suggest(wrong as unknown as Study)).toThrow(message);
  expect(() => suggest(wrong as unknown as Study)).toThrow(expect.objectContaining({ code: "usage" }));
});

test("before two trials have a value nothing is believed", () => {
  expect(() => chances({ parameters, trials: trials(1) })).toThrow(/two trials or more must have a value/);
});

test("the package exports it by name, without terminal, database, tensors or tokenizers", () => {
  const code = `
    import { suggest } from "dualrate/planner";
    const study = { parameters: { lr: { min: 0.1, max: 1 } }, trials: [] };
    console.log(JSON.stringify(suggest(study, 2)));
    const loaded = process.moduleLoadList.filter((name) => /better_sqlite|onnxruntime/.test(name));
    console.log(loaded.length);
  `;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: ROOT, encoding: "utf8" });
  const [suggested, loaded] = out.trim().split("\n");
  expect(JSON.parse(suggested ?? "")).toHaveLength(2);
  expect(loaded).toBe("0");
});

test("the README's example runs", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [, section = ""] = readme.split("## The planner by itself\n");
  const code =
    section
      .split("\n")
      .filter((line) => line.startsWith("    "))
      .join("\n")
      .split("\n\nA study")[0] ?? "";
  const printed = code.replace("chances(study);", "console.log(JSON.stringify(chances(study)));");
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", printed], { cwd: ROOT, encoding: "utf8" });
  expect(JSON.parse(out)).toHaveLength(2);
});

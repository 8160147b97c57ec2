// A sweep with a test split: evaluated once, at the end, for the winner and the baseline at ratio 1; nothing else looks at it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);
const json = async (...args: readonly string[]) => JSON.parse((await dualrate(...args, "--json")).stdout);

const lines = (texts: readonly string[]) => texts.map((text) => `${JSON.stringify({ text })}\n`).join("");
const TEXTS = ["the cat sees <new>", "a big dog sees the <new>", "zyx sees a red cat", "the zyx sees the dog"];
const data = { train: "train.jsonl", validation: "valid.jsonl", test: "test.jsonl" };
const parameters = { base_lr: { value: 1e-3 }, lr_ratio: { values: [1, 3, 10] } };

beforeAll(async () => {
  tiny = await createTinySweep();
  writeFileSync(join(tiny.folder, "train.jsonl"), lines([...TEXTS, ...TEXTS, ...TEXTS, ...TEXTS]));
  writeFileSync(join(tiny.folder, "valid.jsonl"), lines([...TEXTS, ...TEXTS]));
  // The validation texts again: then the test loss of a trial has a known neighbour, with masks of its own.
  writeFileSync(join(tiny.folder, "test.jsonl"), lines([...TEXTS, ...TEXTS, ...TEXTS]));
  tiny.write("sweep.yaml", { name: "tested", data, parameters, final: { top: 1, seeds: 2 } });
  expect((await dualrate("run", "sweep.yaml", "--workers", "1")).status).toBe(0);
}, 60_000);
afterAll(() => tiny.dispose());

test("the winner and the baseline were tested on each of their seeds, and nobody else", async () => {
  const { test: result } = await json("compare", "tested");
  expect(result).toMatchObject({ winner: { seeds: 2 }, baseline: { seeds: 2, lr_ratio: 1 } });
  expect(result.difference).toBeCloseTo(result.winner.value - result.baseline.value, 10);
  const trials = await json("rank", "tested", "--seeds");
  const tested = await Promise.all(
    trials.map(async ({ number }: { number: number }) => [number, (await json("show", "tested", String(number))).test]),
  );
  const numbers = tested.filter(([, values]) => values !== null).map(([number]) => number);
  const [winner, baseline] = (await json("rank", "tested")).map(({ trials }: { trials: number[] }) => trials);
  expect(numbers.sort()).toEqual([...winner, ...baseline].sort());
});

test("run, compare and show tell it", async () => {
  const again = await dualrate("run", "sweep.yaml");
  expect(again.stderr).toContain("tested has finished already");
  expect(again.stdout).toMatch(
    /\nTest split, evaluated once: loss of ratio \d+x .*\(2 seeds\), of ratio 1x .*interval/,
  );
  expect((await dualrate("compare", "tested")).stdout).toMatch(/\ntest split, evaluated once: loss of ratio/);
  const { stdout } = await dualrate("show", "tested");
  expect(stdout).toMatch(/test data +.*test\.jsonl, evaluated once, at the end\n/);
  expect(stdout).toMatch(/tested +test split, evaluated once/);
  const [{ number }] = await json("rank", "tested");
  expect((await dualrate("show", "tested", String(number))).stdout).toMatch(/on the test split +loss \d/);
});

test("the test split changes nothing about the trials: with other test texts they are the same", async () => {
  const values = async (study: string) => {
    const rows: readonly { number: number; value: number }[] = await json("rank", study, "--seeds");
    return rows.map(({ number, value }) => [number, value]);
  };
  writeFileSync(join(tiny.folder, "other.jsonl"), lines(["the dog sees zyx", "a cat <new>"]));
  const other = { ...data, test: "other.jsonl" };
  tiny.write("other.yaml", { name: "other", data: other, parameters, final: { top: 1, seeds: 2 } });
  await dualrate("run", "other.yaml", "--workers", "1");
  tiny.write("none.yaml", {
    name: "none",
    data: { train: data.train, validation: data.validation },
    parameters,
    final: { top: 1, seeds: 2 },
  });
  await dualrate("run", "none.yaml", "--workers", "1");
  expect(await values("other")).toEqual(await values("tested"));
  expect(await values("none")).toEqual(await values("tested"));
  expect((await json("compare", "none")).test).toBeNull();
  expect((await json("compare", "other")).test.winner.value).not.toBe(
    (await json("compare", "tested")).test.winner.value,
  );
});

test("only the best trial's weights are left when the test is over", async () => {
  const [{ number }] = await json("rank", "tested");
  const kept = join(tiny.folder, "results", "tested", "weights");
  expect(readFileSync(join(kept, `trial-${number}.safetensors`)).length).toBeGreaterThan(0);
  const trials: readonly { number: number }[] = await json("rank", "tested", "--seeds");
  const others = trials.filter((trial) => trial.number !== number);
  expect(others.some((trial) => existsSync(join(kept, `trial-${trial.number}.safetensors`)))).toBe(false);
});

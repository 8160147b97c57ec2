// Sweeps whose data and tokens come in other ways than two JSONL files and a list.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const TEXTS = ["the cat sees <new>", "a big dog sees the <new>", "zyx sees a red cat", "the zyx sees the dog"];

let tiny: TinySweep;
const dualrate = (...args: readonly string[]) => runDualrate(args, tiny.folder);
const write = (file: string, content: string) => writeFileSync(join(tiny.folder, file), content);

beforeAll(async () => {
  tiny = await createTinySweep();
  const rows = Array.from({ length: 16 }, (_, i) => `${i},"${TEXTS[i % TEXTS.length]}"\r\n`);
  write("train.csv", `\uFEFFid,body\r\n${rows.join("")}`);
  write("valid.txt", `${TEXTS.join("\n")}\n`);
  write("all.tsv", `text\n${Array.from({ length: 40 }, (_, i) => `${TEXTS[i % 4]} ${"cat ".repeat(i)}`).join("\n")}\n`);
  write("tokens.csv", "token\n<new>\nzyx\n");
});
afterAll(() => tiny.dispose());

test("the same texts and tokens give the same losses to the last digit, whatever they come in", async () => {
  write("train.jsonl", Array.from({ length: 16 }, (_, i) => `${JSON.stringify({ body: TEXTS[i % 4] })}\n`).join(""));
  write("valid.jsonl", TEXTS.map((body) => `${JSON.stringify({ body })}\n`).join(""));
  write("valid.csv", `body\n${TEXTS.join("\n")}\n`);
  const body = { text: "body" };
  tiny.write("plain.yaml", { name: "plain", data: { train: "train.jsonl", validation: "valid.jsonl", ...body } });
  tiny.write("other.yaml", {
    name: "other",
    data: { train: "train.csv", validation: "valid.csv", ...body },
    introduced_tokens: { file: "tokens.csv" },
  });
  const values = async (name: string) => {
    expect((await dualrate("run", `${name}.yaml`)).status).toBe(0);
    return JSON.parse((await dualrate("rank", name, "--json")).stdout).map(({ value }: { value: number }) => value);
  };
  const plain = await values("plain");
  expect(plain).toHaveLength(4);
  expect(await values("other")).toEqual(plain);
});

test("a pattern's tokens are the study's own: a list of them goes on with it, other tokens are another study", async () => {
  const pattern = (file: string, expression: string) =>
    tiny.write(file, { name: "found", introduced_tokens: { pattern: expression } });
  pattern("found.yaml", "<new>|zyx");
  expect((await dualrate("plan", "found.yaml")).stdout).toContain("introduced  <new> x8, zyx x8");
  expect((await dualrate("run", "found.yaml")).status).toBe(0);

  tiny.write("list.yaml", { name: "found" });
  expect((await dualrate("run", "list.yaml")).stderr).toContain("found has finished already");
  pattern("fewer.yaml", "<\\w+>");
  const changed = await dualrate("run", "fewer.yaml");
  expect(changed.status).toBe(2);
  expect(changed.stderr).toContain('introduced_tokens.tokens: ["<new>","zyx"] -> ["<new>"]');

  expect((await dualrate("show", "found")).stdout).toMatch(/introduced tokens +<new> x8, zyx x8/);
  await dualrate("export", "found", "-o", "best.yaml");
  const exported = parse(readFileSync(join(tiny.folder, "best.yaml"), "utf8"));
  expect(exported.introduced_tokens).toEqual({ tokens: ["<new>", "zyx"], special: false });
  expect((await dualrate("train", "best.yaml")).stdout).toContain("reproduced exactly");
});

test("tokens' own initialisations come from a file, and go with an export", async () => {
  write("inits.csv", "token,init\n<new>,copy:cat\nzyx,\n");
  tiny.write("inits.yaml", { name: "inits", introduced_tokens: { file: "inits.csv" } });
  expect((await dualrate("run", "inits.yaml")).status).toBe(0);
  const values = async (name: string) =>
    JSON.parse((await dualrate("rank", name, "--json")).stdout).map(({ value }: { value: number }) => value);
  expect(await values("inits")).not.toEqual(await values("found"));
  await dualrate("export", "inits", "-o", "inits-best.yaml");
  expect(parse(readFileSync(join(tiny.folder, "inits-best.yaml"), "utf8")).introduced_tokens).toMatchObject({
    token_init: { "<new>": "copy:cat" },
  });
  expect((await dualrate("train", "inits-best.yaml")).stdout).toContain("reproduced exactly");
});

test("token groups are planned, searched, shown with rates and norms of their own, and exported", async () => {
  tiny.write("groups.yaml", {
    name: "groups",
    token_groups: { special: ["[CLS]", "[SEP]"], small: ["a", "the"] },
    parameters: { base_lr: { value: 1e-4 }, lr_ratio: { value: 10 }, special_lr_ratio: { values: [0.5, 2] } },
  });
  const planned = (await dualrate("plan", "groups.yaml")).stdout;
  expect(planned).toContain("\ngroup       special: [CLS], [SEP]\ngroup       small: a, the\n");
  expect(planned).toMatch(/special_lr_ratio\n.* 0\.5\n.* 2\n/);
  expect((await dualrate("run", "groups.yaml")).status).toBe(0);
  expect((await dualrate("show", "groups")).stdout).toMatch(/\ntoken group +special: \[CLS\], \[SEP\]\n/);
  const { measurements } = JSON.parse((await dualrate("show", "groups", "2", "--json")).stdout);
  for (const { groups } of measurements) {
    expect(Object.keys(groups)).toEqual(["base", "special", "small", "introduced"]);
    expect(groups.special.lr).toBeCloseTo(2 * groups.small.lr, 12);
  }
  await dualrate("export", "groups", "-o", "groups-best.yaml");
  expect((await dualrate("train", "groups-best.yaml")).stdout).toContain("reproduced exactly");
});

test("plan says how one file is split, and how many examples come of it", async () => {
  tiny.write("split.yaml", { data: { file: "all.tsv", split: { validation: 0.3, test: 0.1, seed: 2 } } });
  const { status, stdout } = await dualrate("plan", "split.yaml");
  expect(status).toBe(0);
  const [, train, validation] = /(\d+) training examples, (\d+) for validation/.exec(stdout) ?? [];
  expect(Number(train)).toBeGreaterThan(Number(validation));
  expect(Number(train) + Number(validation)).toBeLessThan(40);
  expect(stdout).toMatch(/\nsplit +\S+all\.tsv by text: 0\.3 for validation, 0\.1 for test, seed 2; equal texts/);
});

test.each([
  ["a pattern that finds nothing", { introduced_tokens: { pattern: "<old_\\d>" } }, /finds no token in the training/],
  [
    "a token group's token that the vocabulary does not have",
    { token_groups: { special: ["[CLS]", "unicorn"] } },
    /token_groups.special: the vocabulary has no token "unicorn"/,
  ],
  [
    "a row that is too long",
    { data: { train: "long.csv", validation: "valid.txt" } },
    /long\.csv, line 3: has 2 fields/,
  ],
])("%s is an error of the plan with its place", async (_, changes, message) => {
  write("long.csv", "text\na <new>\nb, zyx\n");
  tiny.write("wrong.yaml", changes);
  const { status, stderr } = await dualrate("plan", "wrong.yaml");
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/\n {2}at \S+:\d+\n {2}hint: /);
});

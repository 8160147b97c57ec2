// Sweeps over a hub's model, in processes as a user has them: the hub is a server of the test, the model a tiny BERT.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { TestHub } from "../hub/server.js";
import { runDualrate } from "../program.js";
import { createTinySweep, type TinySweep } from "./tiny-sweep.js";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const TOKEN = "hf_a-secret";
/** Of the same model, and of another one. */
const [SAME, MOVED] = ["3".repeat(40), "2".repeat(40)];

let tiny: TinySweep;
let files: ReadonlyMap<string, Buffer>;
let hub: TestHub;
let cache: string;

beforeAll(async () => {
  tiny = await createTinySweep();
  tiny.write("local.yaml", { name: "local" });
  tiny.write("sweep.yaml", { model: "org/tiny" });
  const { model } = parse(readFileSync(join(tiny.folder, "local.yaml"), "utf8"));
  files = new Map(readdirSync(model).map((name) => [name, readFileSync(join(model, name))]));
});
afterAll(() => tiny.dispose());

beforeEach(async () => {
  hub = await TestHub.start("org/tiny", files);
  cache = mkdtempSync(join(tmpdir(), "dualrate-hub-"));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", cache);
  vi.stubEnv("HF_HUB_OFFLINE", "");
  vi.stubEnv("HF_TOKEN", TOKEN);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await hub.close();
    rmSync(cache, { recursive: true });
  });
});

const blobs = () => readdirSync(join(cache, "models--org--tiny", "blobs"));

async function losses(name: string, results: string): Promise<readonly number[]> {
  const { stdout } = await runDualrate(["rank", name, "--json", "--results", results], tiny.folder);
  return JSON.parse(stdout).map(({ value }: { readonly value: number }) => value);
}

test("plan downloads the model once, with a line for each file, and the next one needs no hub", async () => {
  const first = await runDualrate(["plan", "sweep.yaml"], tiny.folder);
  expect([first.status, first.stderr]).toEqual([0, expect.stringContaining("downloading org/tiny from the hub\n")]);
  expect(first.stderr).toMatch(/^downloaded model.safetensors \(1 MiB\)$/m);
  expect(first.stdout).toContain(`model       hf://org/tiny@${hub.commit}, `);
  expect(hub.downloads).toHaveLength(files.size);
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const second = await runDualrate(["plan", "sweep.yaml"], tiny.folder);
  expect([second.status, second.stdout]).toEqual([0, first.stdout]);
  expect(second.stderr).not.toContain("download");
});

test("a study of a hub's model trains as of its folder, stores the commit, and keeps the token to itself", async () => {
  const results = ["--results", "trained"];
  const run = await runDualrate(["run", "sweep.yaml", ...results], tiny.folder);
  expect([run.status, run.stderr]).toEqual([0, expect.not.stringContaining("error")]);
  expect((await runDualrate(["run", "local.yaml", ...results], tiny.folder)).status).toBe(0);
  expect(await losses("tiny", "trained")).toEqual(await losses("local", "trained"));

  const shown = await runDualrate(["show", "tiny", "--json", ...results], tiny.folder);
  expect(JSON.parse(shown.stdout).sweep.settings.hub).toEqual({ id: "org/tiny", revision: "main", commit: hub.commit });
  const exported = await runDualrate(["export", "tiny", ...results], tiny.folder);
  expect(parse(exported.stdout).model).toBe(`hf://org/tiny@${hub.commit}`);
  const database = readFileSync(join(tiny.folder, "trained", "sweeps.db"), "latin1");
  for (const text of [run.stdout, run.stderr, shown.stdout, exported.stdout, database])
    expect(text).not.toContain(TOKEN);

  // The commit alone says which model to get again, wherever the branch is by now.
  rmSync(cache, { recursive: true });
  const checkpoint = ["export", "tiny", "--checkpoint", "best", ...results];
  expect((await runDualrate(checkpoint, tiny.folder)).stderr).toContain("wrote best");
  expect(hub.requests.findLast(({ path }) => path.startsWith("/api"))?.path).toContain(hub.commit);
});

test("a branch that moved to another model is a changed input, one that moved to another README is not", async () => {
  const args = ["run", "sweep.yaml", "--results", "moved"];
  expect((await runDualrate(args, tiny.folder)).status).toBe(0);
  hub.commit = SAME;
  expect((await runDualrate(args, tiny.folder)).stderr).toContain("tiny has finished already");
  hub.commit = MOVED;
  hub.files = new Map([...files, ["config.json", Buffer.concat([files.get("config.json")!, Buffer.from("\n")])]]);
  const { status, stderr } = await runDualrate(args, tiny.folder);
  expect([status, stderr]).toEqual([2, expect.stringContaining("content of model: ")]);
  expect(stderr).toContain(`model: hf://org/tiny@${SAME} -> hf://org/tiny@${MOVED}`);
});

test("two at once from an empty cache both end well, with whole files", async () => {
  const plans = await Promise.all([1, 2].map(() => runDualrate(["plan", "sweep.yaml"], tiny.folder)));
  expect(plans.map(({ status, stderr }) => [status, /error/.test(stderr)])).toEqual([
    [0, false],
    [0, false],
  ]);
  expect(blobs()).toHaveLength(files.size);
  expect(blobs().join()).not.toContain("incomplete");
});

test("a model that the hub does not have is told with the sweep file's line", async () => {
  tiny.write("missing.yaml", { model: "org/none" });
  const { status, stderr } = await runDualrate(["plan", "missing.yaml"], tiny.folder);
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(/^error: the hub has no model org\/none .*\n {2}at .*:2\n/m),
  ]);
});

test.each(["plan", "run", "train"])(
  "Ctrl-C while %s downloads stops it; the next one goes on with it",
  async (command) => {
    const one = { base_lr: { value: 1e-4 }, lr_ratio: { value: 1 } };
    tiny.write("one.yaml", { name: `stopped-${command}`, model: "org/tiny", parameters: one });
    hub.faults.push({ path: /cdn:/, cutAfter: 5000, stall: true });
    const child = spawn(process.execPath, [CLI, command, "one.yaml"], {
      cwd: tiny.folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    await vi.waitUntil(() => hub.requests.some(({ from }) => from === "cdn"), 20_000);
    // Time for the bytes to come.
    setTimeout(() => child.kill("SIGINT"), 500);
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
    expect(blobs().filter((name) => name.endsWith(".incomplete"))).toHaveLength(1);
    const { status } = await runDualrate([command, "one.yaml"], tiny.folder);
    expect([status, hub.requests.at(-1)?.range]).toEqual([0, "bytes=5000-"]);
  },
);

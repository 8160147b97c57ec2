// Reads every import in src/ and holds it against the project's layers: who may import whom, no cycles, and what a start
// of the program must not load.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

interface Import {
  readonly from: string;
  /** A path below src/, or a package's name. */
  readonly to: string;
  readonly kind: "static" | "type" | "dynamic";
}

const PATTERNS = [
  // import x from "y"; import "y"; export { x } from "y"
  /^(?:import|export)\s+(?<type>type\s)?(?:[^;"']*?\sfrom\s+)?["'](?<to>[^"']+)["']/gm,
  /\bimport\(\s*["'](?<to>[^"']+)["']\s*\)/g,
];

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => file.replaceAll("\\", "/"));
const imports = files.flatMap(importsOf);

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(SRC, file), "utf8");
  return PATTERNS.flatMap((pattern, i) =>
    [...text.matchAll(pattern)].map(({ groups }): Import => {
      const kind = i === 1 ? "dynamic" : groups?.type ? "type" : "static";
      return { from: file, to: targetOf(file, groups?.to ?? ""), kind };
    }),
  );
}

function targetOf(file: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier.replace(/^((?:@[^/]+\/)?[^/]+).*$/, "$1");
  const path = relative(SRC, join(SRC, dirname(file), specifier)).replaceAll("\\", "/");
  // AssemblyScript's imports have no extension.
  const names = [path.replace(/\.js$/, ".ts"), path.replace(/\.js$/, ".tsx"), `${path}.ts`];
  const found = names.find((name) => files.includes(name));
  return found ?? `missing: ${path}`;
}

/** The longest prefix that a file has decides; a folder may always import itself. `type:` allows types alone. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  "random.ts": [],
  "sweep/": ["errors.ts", "random.ts"],
  "gp/": ["random.ts"],
  "planner/": ["sweep/", "gp/", "errors.ts", "random.ts"],
  "trainer/": ["sweep/", "errors.ts", "random.ts"],
  "trainer/config.ts": ["sweep/", "errors.ts"],
  "trainer/models/": ["errors.ts", "type:trainer/", "type:sweep/"],
  "trainer/simd/": [],
  "trainer/optim/": ["trainer/config.ts", "trainer/simd/", "errors.ts", "type:trainer/", "type:sweep/"],
  "hub/": ["errors.ts"],
  "store/": ["sweep/", "errors.ts"],
  "runner/": ["planner/", "store/", "trainer/", "sweep/", "errors.ts", "random.ts"],
  "report/": ["planner/", "sweep/", "gp/", "type:store/", "errors.ts", "random.ts"],
  "export/": ["report/", "trainer/files/", "sweep/", "type:trainer/config.ts", "type:store/", "errors.ts"],
  "dashboard/": ["report/", "sweep/", "store/reader.ts", "type:store/", "type:runner/stop.ts", "errors.ts"],
  "commands/": [
    ...["dashboard/", "export/", "hub/", "planner/", "report/", "runner/", "store/", "sweep/", "trainer/config.ts"],
    ...["errors.ts", "random.ts"],
  ],
  "cli.ts": ["commands/", "errors.ts"],
};

function layerOf(file: string): string {
  const layers = Object.keys(LAYERS).filter((prefix) => file.startsWith(prefix));
  return layers.sort((a, b) => b.length - a.length)[0] ?? "none";
}

function isAllowed({ from, to, kind }: Import): boolean {
  if (!to.includes(".ts")) return true;
  const layer = layerOf(from);
  return [layer, ...(LAYERS[layer] ?? [])].some((rule) => {
    const [prefix, typeOnly] = rule.startsWith("type:") ? [rule.slice(5), true] : [rule, false];
    return to.startsWith(prefix) && (!typeOnly || kind === "type");
  });
}

function show({ from, to, kind }: Import): string {
  return `${from} -> ${to} (${kind})`;
}

/** Files reachable from `start` over imports of these kinds, each with the way that leads to it. */
function reachable(start: string, kinds: readonly Import["kind"][]): ReadonlyMap<string, string> {
  const ways = new Map([[start, start]]);
  for (const [file, way] of ways) {
    for (const next of imports.filter(({ from, kind }) => from === file && kinds.includes(kind))) {
      if (!ways.has(next.to)) ways.set(next.to, `${way} -> ${next.to}`);
    }
  }
  return ways;
}

test("the reader of imports finds them", () => {
  const edges = imports.map(show);
  expect(edges).toContain("cli.ts -> commands/program.ts (static)");
  expect(edges).toContain("commands/program.ts -> commands/run.ts (dynamic)");
  expect(edges).toContain("sweep/trial.ts -> sweep/space.ts (type)");
  expect(edges).toContain("runner/piscina.ts -> piscina (static)");
});

test("every import leads to a file, and every file is in a layer", () => {
  expect(imports.filter(({ to }) => to.startsWith("missing")).map(show)).toEqual([]);
  expect(files.filter((file) => layerOf(file) === "none")).toEqual([]);
});

test("imports follow the layers", () => {
  expect(imports.filter((edge) => !isAllowed(edge)).map(show)).toEqual([]);
});

test("no import leads back to where it came from", () => {
  const cycles = files.flatMap((file) =>
    imports
      .filter(({ to, kind }) => to === file && kind !== "type")
      .flatMap(({ from }) => reachable(file, ["static", "dynamic"]).get(from) ?? []),
  );
  expect(cycles).toEqual([]);
});

const HEAVY = /^(@tensorflow\/|onnxruntime-|@huggingface\/)/;

test("only a worker loads TensorFlow.js, ONNX Runtime and transformers.js", () => {
  const ways = [...reachable("cli.ts", ["static", "dynamic"])];
  expect(ways.map(([file]) => file)).not.toContain("runner/worker.ts");
  expect(ways.filter(([file]) => HEAVY.test(file)).map(([, way]) => way)).toEqual([]);
});

test("a start of the program loads commander and nothing else", () => {
  const packages = [...reachable("cli.ts", ["static"]).keys()].filter((file) => !file.includes(".ts"));
  expect(packages.filter((name) => !name.startsWith("node:"))).toEqual(["commander"]);
});

test.each([
  ["piscina", /^runner\/piscina\.ts$/],
  ["ink", /^dashboard\//],
  ["react", /^dashboard\//],
  ["better-sqlite3", /^store\//],
  ["commander", /^commands\//],
  ["parquet-wasm", /^trainer\/data\/parquet\.ts$/],
])("%s is imported in its own place alone", (name, place) => {
  const from = imports.filter(({ to }) => to === name).map((edge) => edge.from);
  expect(from.filter((file) => !place.test(file))).toEqual([]);
});

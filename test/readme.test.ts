import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { PARAMETER_NAMES } from "../src/sweep/parameters.js";
import { runDualrate } from "./program.js";

const root = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(`${root}README.md`, "utf8");
const reference = readFileSync(`${root}sweeps/README.md`, "utf8");

test("the reference has every parameter, and the README every dependency", () => {
  for (const name of PARAMETER_NAMES) expect(reference).toContain(`| \`${name}\` |`);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) expect(readme).toContain(name);
});

test("the README names every command", async () => {
  const { stdout } = await runDualrate(["--help"], root);
  const commands = [...stdout.matchAll(/^ {2}(\w+) (?:\[options\]|<|\[| {3})/gm)].map(([, name]) => name);
  expect(commands.length).toBeGreaterThan(9);
  for (const name of commands) if (name !== "help") expect(readme).toMatch(new RegExp(`dualrate ${name}\\b`));
});

test("the README's sweep file is one that the schema knows", () => {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const schema = JSON.parse(readFileSync(`${root}sweeps/sweep.schema.json`, "utf8"));
  const sweep = parse(yaml);
  for (const key of schema.required) expect(Object.keys(sweep)).toContain(key);
  for (const key of Object.keys(sweep)) expect(Object.keys(schema.properties)).toContain(key);
});

/** As GitHub makes a heading's anchor. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "");
  return words.trim().replaceAll(" ", "-");
}

test.each([
  ["README.md", readme],
  ["sweeps/README.md", reference],
])("every link in %s leads to a file, and to a heading that it has", (file, text) => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
  expect(links.length).toBeGreaterThan(1);
  for (const [, path = "", anchor] of links) {
    const target = fileURLToPath(new URL(path || ".", new URL(`../${file}`, import.meta.url)));
    expect(existsSync(target), `${file}: ${path}`).toBe(true);
    if (anchor === undefined) continue;
    const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      anchorOf(heading ?? ""),
    );
    expect(headings, `${file}: ${path}`).toContain(anchor);
  }
});

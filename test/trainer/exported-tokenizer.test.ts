// Tokenizers with introduced tokens against Hugging Face: the files of an export are those that AutoTokenizer has read, and
// what it made of 1,000 lines with them are our ids. test/golden/make_exported_tokenizers.py has made the values.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadTokenizer } from "../../src/trainer/data/tokenizer.js";
import { writeTokenizer } from "../../src/trainer/model-folder.js";

interface Expected {
  readonly introduced: readonly string[];
  readonly tokenizers: Readonly<
    Record<string, { readonly files: Readonly<Record<string, string>>; readonly lines: readonly string[] }>
  >;
}

const GOLDEN = fileURLToPath(new URL("../golden/exported-tokenizers", import.meta.url));
const read = (file: string) => JSON.parse(readFileSync(join(GOLDEN, file), "utf8"));
const expected: Expected = read("expected.json");
const lines: readonly string[] = read("lines.json");
const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
/** As Python's json.dumps writes a list of numbers. */
const pythonJson = (ids: readonly number[]) => `[${ids.join(", ")}]`;

test.each(Object.entries(expected.tokenizers))("%s", async (name, { files, lines: hashes }) => {
  const special = name.endsWith("-special");
  const introduced = { tokens: expected.introduced, special };
  const model = join(GOLDEN, name.replace(/-(plain|special)$/, ""));
  const tokenizer = await loadTokenizer(model, introduced);

  const wrong = lines.flatMap((line, i) => {
    const { ids } = tokenizer.encode(line, 1000);
    return sha256(pythonJson(ids)).startsWith(hashes[i] as string) ? [] : [{ line, ids }];
  });
  expect(wrong).toEqual([]);

  const folder = mkdtempSync(join(tmpdir(), "dualrate-tokenizer-"));
  await writeTokenizer(folder, { model, introduced, task: "masked-lm" }, tokenizer.introduced);
  const written = readdirSync(folder).map((file) => [file, sha256(readFileSync(join(folder, file)))]);
  expect(Object.fromEntries(written)).toEqual(files);
  rmSync(folder, { recursive: true });
});

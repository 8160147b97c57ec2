// For make_exported_tokenizers.py: the tokenizers of test/golden/exported-tokenizers/ as an export writes them, with introduced tokens, plain
// and special. node export-tokenizers.mjs FOLDER TOKENS
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadTokenizer } from "../../dist/trainer/data/tokenizer.js";
import { writeTokenizer } from "../../dist/trainer/model-folder.js";

const [folder, tokens] = process.argv.slice(2);
const golden = fileURLToPath(new URL("exported-tokenizers", import.meta.url));
for (const entry of await readdir(golden, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  for (const special of [false, true]) {
    const model = join(golden, entry.name);
    const introduced = { tokens: JSON.parse(tokens), special };
    const target = join(folder, `${entry.name}-${special ? "special" : "plain"}`);
    await mkdir(target, { recursive: true });
    const settings = { model, introduced, task: "masked-lm" };
    await writeTokenizer(target, settings, (await loadTokenizer(model, introduced)).introduced);
  }
}

import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { readModelFolder } from "../../../src/trainer/files/huggingface.js";
import { writeSafetensors } from "../../../src/trainer/files/safetensors.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dualrate-model-"));
});

async function write(...files: readonly string[]): Promise<void> {
  for (const file of files) await writeFile(join(folder, file), "{}");
}

const TOKENIZER = ["tokenizer.json", "tokenizer_config.json"] as const;

test("a folder with config, weights and tokenizer is read", async () => {
  await write(...TOKENIZER);
  await writeFile(join(folder, "config.json"), '{"model_type": "bert", "vocab_size": 3}');
  await writeSafetensors(join(folder, "model.safetensors"), [{ name: "w", shape: [1], data: Float32Array.of(2) }]);
  const { config, tensors } = await readModelFolder(folder);
  expect(config).toEqual({ model_type: "bert", vocab_size: 3 });
  expect(tensors).toMatchObject([{ name: "w", shape: [1] }]);
});

test("a folder that is not there is an error that says where it looked", async () => {
  await expect(readModelFolder(join(folder, "absent"))).rejects.toMatchObject({
    code: "model",
    message: expect.stringMatching(/absent cannot be read \(ENOENT\)/),
  });
});

test("pytorch_model.bin alone is an error with the command that converts it", async () => {
  await write("config.json", "pytorch_model.bin", ...TOKENIZER);
  await expect(readModelFolder(folder)).rejects.toMatchObject({
    code: "model",
    message: expect.stringMatching(/must hold model.safetensors/),
    hint: expect.stringMatching(/python -c .*torch\.load\('pytorch_model\.bin'/),
  });
});

const writeIndex = (index: unknown) => writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify(index));

test("a sharded checkpoint is read as one, from the files that its index names", async () => {
  await write("config.json", ...TOKENIZER);
  const tensor = (name: string, value: number) => ({ name, shape: [1], data: Float32Array.of(value) });
  await writeSafetensors(join(folder, "model-1.safetensors"), [tensor("a", 1), tensor("b", 2)]);
  await writeSafetensors(join(folder, "model-2.safetensors"), [tensor("c", 3)]);
  await writeSafetensors(join(folder, "other.safetensors"), [tensor("d", 4)]);
  await writeIndex({ weight_map: { a: "model-1.safetensors", b: "model-1.safetensors", c: "model-2.safetensors" } });
  const { tensors } = await readModelFolder(folder);
  expect(tensors.map(({ name, data }) => [name, data[0]])).toEqual([
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ]);
});

test.each([
  [{ weight_map: { a: "model-2.safetensors" } }, /must hold model-2\.safetensors/],
  [{ weight_map: {} }, /must give weight_map/],
  [{ weight_map: { a: 1 } }, /must give weight_map/],
  [{}, /must give weight_map/],
])("an index of %j is an error", async (index, message) => {
  await write("config.json", ...TOKENIZER);
  await writeIndex(index);
  await expect(readModelFolder(folder)).rejects.toMatchObject({
    code: "model",
    message: expect.stringMatching(message),
  });
});

test.each(["config.json", "tokenizer.json", "tokenizer_config.json"])(
  "a folder without %s is an error",
  async (file) => {
    await write(...["config.json", "model.safetensors", ...TOKENIZER].filter((name) => name !== file));
    await expect(readModelFolder(folder)).rejects.toMatchObject({
      code: "model",
      message: expect.stringContaining(`must hold ${file}`),
    });
  },
);

test.each([
  ["{", /must be a JSON file/],
  ["[]", /must hold a JSON object/],
])("config.json with %s is an error that names the file", async (text, message) => {
  await write("model.safetensors", ...TOKENIZER);
  await writeFile(join(folder, "config.json"), text);
  await expect(readModelFolder(folder)).rejects.toMatchObject({
    code: "model",
    message: expect.stringMatching(message),
    place: { file: join(folder, "config.json") },
  });
});

import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { DualrateError } from "../../../src/errors.js";
import { readSafetensors, readVerifiedMetadata, writeSafetensors } from "../../../src/trainer/files/safetensors.js";
import { needsShared, shared } from "../../shared.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dualrate-safetensors-"));
});

/** A file with this header and so many bytes of data. */
async function fileWith(header: unknown, data: Uint8Array): Promise<string> {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = join(folder, "model.safetensors");
  await writeFile(file, Buffer.concat([length, json, data]));
  return file;
}

async function errorOf(promise: Promise<unknown>): Promise<DualrateError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(DualrateError);
  return error as DualrateError;
}

test("tensors come back as they were written, over shared memory, with nothing else left in the folder", async () => {
  const file = join(folder, "out.safetensors");
  const tensors = [
    { name: "a", shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-30, Number.NaN) },
    { name: "scalar", shape: [], data: Float32Array.of(7) },
    // A view that does not begin at its buffer's start.
    { name: "view", shape: [2], data: new Float32Array(Float32Array.of(9, 8, 7).buffer, 4, 2) },
  ];
  await writeSafetensors(file, tensors);
  const read = await readSafetensors(file);
  expect(read.map(({ name, shape, data }) => ({ name, shape, data: [...data] }))).toEqual(
    tensors.map(({ name, shape, data }) => ({ name, shape, data: [...data] })),
  );
  expect(read.every(({ data }) => data.buffer instanceof SharedArrayBuffer)).toBe(true);
  expect(await readdir(folder)).toEqual(["out.safetensors"]);
});

test("the data section begins at a multiple of 8 bytes and the metadata names the framework", async () => {
  const file = join(folder, "out.safetensors");
  await writeSafetensors(file, [{ name: "odd", shape: [1], data: Float32Array.of(1) }]);
  const bytes = await readFile(file);
  const length = Number(bytes.readBigUInt64LE());
  expect(length % 8).toBe(0);
  expect(JSON.parse(bytes.toString("utf8", 8, 8 + length)).__metadata__).toEqual({
    format: "pt",
    crc32: expect.stringMatching(/^[0-9a-f]+$/),
  });
});

// Values and bit patterns from IEEE 754: 1, -2, the smallest subnormal and normal, the largest value, -0, infinity.
test("half precision widens exactly, subnormals and infinity included", async () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x8000, 0x7c00, 0xfc00, 0x7e00);
  const header = { h: { dtype: "F16", shape: [10], data_offsets: [0, 20] } };
  const [tensor] = await readSafetensors(await fileWith(header, new Uint8Array(bits.buffer)));
  const expected = [1, -2, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, -0, Infinity, -Infinity, Number.NaN];
  expect([...(tensor?.data ?? [])]).toEqual(expected);
});

test("bfloat16 widens exactly", async () => {
  const bits = Uint16Array.of(0x3f80, 0xc049, 0x0080, 0x8000, 0x7f80);
  const header = { b: { dtype: "BF16", shape: [5], data_offsets: [0, 10] } };
  const [tensor] = await readSafetensors(await fileWith(header, new Uint8Array(bits.buffer)));
  expect([...(tensor?.data ?? [])]).toEqual([1, -3.140625, 2 ** -126, -0, Infinity]);
});

test("integer buffers such as position_ids are left out", async () => {
  const header = {
    ids: { dtype: "I64", shape: [1], data_offsets: [0, 8] },
    w: { dtype: "F32", shape: [1], data_offsets: [8, 12] },
  };
  const tensors = await readSafetensors(await fileWith(header, new Uint8Array(12)));
  expect(tensors.map(({ name }) => name)).toEqual(["w"]);
});

const one = (begin: number, end: number, shape = [1], dtype = "F32") => ({ dtype, shape, data_offsets: [begin, end] });

test.each([
  ["a header that is not JSON", '{"a":', 0, /header that is not JSON/],
  ["a header that is a list", [], 0, /not a JSON object/],
  ["a tensor without offsets", { a: { dtype: "F32", shape: [1] } }, 4, /data_offsets of "a"/],
  ["a negative offset", { a: one(-4, 0) }, 4, /data_offsets of "a"/],
  ["a size that does not fit the shape", { a: one(0, 8) }, 8, /4 bytes of "a" \(F32 \[1\]\), holds 8/],
  ["tensors that overlap", { a: one(0, 8, [2]), b: one(4, 8) }, 8, /"b" at byte 8 .* at 4: it overlaps/],
  ["a gap between tensors", { a: one(0, 4), b: one(8, 12) }, 12, /"b" at byte 4 .* at 8: it leaves a gap/],
  ["a file that was cut short", { a: one(0, 8, [2]) }, 4, /8 bytes of tensors, holds 4/],
  ["bytes that no tensor has", { a: one(0, 4) }, 8, /4 bytes of tensors, holds 8/],
  ["double precision", { a: one(0, 8, [1], "F64") }, 8, /F32, F16 or BF16; "a" is F64/],
])("%s is an error of code model", async (_, header, bytes, message) => {
  const error = await errorOf(readSafetensors(await fileWith(header, new Uint8Array(bytes))));
  expect(error).toMatchObject({ code: "model", message: expect.stringMatching(message) });
  expect(error.hint).toBeTruthy();
});

test("a header length beyond the file is an error, not a huge allocation", async () => {
  const file = join(folder, "model.safetensors");
  await writeFile(file, Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 1, 2]));
  expect((await errorOf(readSafetensors(file))).message).toMatch(/header has 18446744073709551615 bytes; at most 2/);
  await writeFile(file, Buffer.from([1, 2]));
  expect((await errorOf(readSafetensors(file))).message).toMatch(/at least 8 bytes, has 2/);
});

test("a failed write leaves the old file and no temporary one", async () => {
  await writeFile(join(folder, "file"), "");
  const error = await errorOf(writeSafetensors(join(folder, "file", "out.safetensors"), []));
  expect(error).toMatchObject({ code: "store", message: expect.stringMatching(/cannot be written/) });
  expect(await readdir(folder)).toEqual(["file"]);
});

test.skipIf(!shared)(needsShared("the real ALBERT has 28 tensors and 735,567 parameters"), async () => {
  const tensors = await readSafetensors(join(shared ?? "", "models/rxn-albert/model.safetensors"));
  expect(tensors).toHaveLength(28);
  expect(tensors.reduce((sum, { data }) => sum + data.length, 0)).toBe(735_567);
});

test("a bit that has changed since the file was written is found, wherever it is", async () => {
  const file = join(folder, "out.safetensors");
  const tensors = [
    { name: "a", shape: [2], data: Float32Array.of(1, 2) },
    { name: "b", shape: [1], data: Float32Array.of(3) },
  ];
  await writeSafetensors(file, tensors, { fingerprint: "of a trial" });
  expect(await readVerifiedMetadata(file)).toMatchObject({ format: "pt", fingerprint: "of a trial" });
  const whole = await readFile(file);
  for (let bit = 0; bit < 8 * whole.length; bit += 5) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    await writeFile(file, damaged);
    const read = await readVerifiedMetadata(file).catch((error: unknown) => error);
    // Blank space after the header may become other blank space.
    if (read instanceof DualrateError) expect(read.code).toBe("model");
    else expect(await readSafetensors(file)).toMatchObject(tensors);
  }
});

test("a file of ours whose data have changed is not read, one of others without a checksum is", async () => {
  const file = join(folder, "out.safetensors");
  await writeSafetensors(file, [{ name: "a", shape: [1], data: Float32Array.of(1) }]);
  const whole = await readFile(file);
  whole[whole.length - 1] = 0x40;
  await writeFile(file, whole);
  const error = await errorOf(readSafetensors(file));
  expect(error.message).toMatch(/is damaged: its checksum is [0-9a-f]+, and was [0-9a-f]+ when it was written/);
  const foreign = await fileWith({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4));
  expect(await readSafetensors(foreign)).toHaveLength(1);
  expect((await errorOf(readVerifiedMetadata(foreign))).message).toMatch(/has no checksum/);
});

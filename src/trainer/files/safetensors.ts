// Safetensors files: a length, a JSON header, raw little-endian tensors. Reads fp32, fp16 and bf16 into shared float32
// arrays; writes fp32. Format: https://github.com/huggingface/safetensors#format
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename } from "node:path";
import { DualrateError, messageOf } from "../../errors.js";
import type { NamedTensor } from "../data/inputs.js";

/** How the name of a file ends that is being written. */
export const TEMPORARY = ".tmp";

const LENGTH_BYTES = 8;
/** The reference implementation's limit. */
const MAX_HEADER_BYTES = 100_000_000;
/** Node reads at most 2^31 - 1 bytes a call. */
const MAX_READ_BYTES = 2 ** 30;

const WEIGHT_BYTES: ReadonlyMap<string, number> = new Map([
  ["F32", 4],
  ["F16", 2],
  ["BF16", 2],
]);

/** Types of buffers that some checkpoints hold, such as position_ids; never weights. */
const BUFFER_BYTES: ReadonlyMap<string, number> = new Map([
  ["BOOL", 1],
  ["U8", 1],
  ["I8", 1],
  ["U16", 2],
  ["I16", 2],
  ["U32", 4],
  ["I32", 4],
  ["U64", 8],
  ["I64", 8],
]);

interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes of the data section, [begin, end). */
  readonly begin: number;
  readonly end: number;
}

/**
 * All floating-point tensors of a file in the order of their bytes, each as float32 over a SharedArrayBuffer. Integer
 * and boolean tensors are buffers (position_ids) and are left out. Throws a DualrateError of code "model" where the file
 * is damaged or holds another type.
 */
export async function readSafetensors(file: string): Promise<readonly NamedTensor[]> {
  const handle = await open(file).catch((error: unknown) => {
    throw invalid(file, `cannot be opened: ${messageOf(error)}`, error);
  });
  try {
    const { size } = await handle.stat();
    const header = await readHeader(handle, file, size);
    const entries = parseHeader(file, header);
    const dataStart = LENGTH_BYTES + header.length;
    checkLayout(file, entries, size - dataStart);
    const tensors: NamedTensor[] = [];
    for (const entry of entries) {
      if (WEIGHT_BYTES.has(entry.dtype)) tensors.push(await readTensor(handle, file, entry, dataStart));
    }
    return tensors;
  } finally {
    await handle.close();
  }
}

/** The header's free part, texts by name. Throws as readSafetensors does. */
export async function readMetadata(file: string): Promise<Readonly<Record<string, string>>> {
  const handle = await open(file).catch((error: unknown) => {
    throw invalid(file, `cannot be opened: ${messageOf(error)}`, error);
  });
  try {
    const { size } = await handle.stat();
    const { __metadata__: metadata = {} } = parseJson(file, await readHeader(handle, file, size));
    if (isRecord(metadata)) return metadata as Record<string, string>;
    throw invalid(file, "has metadata that is not a JSON object");
  } finally {
    await handle.close();
  }
}

async function readHeader(handle: FileHandle, file: string, size: number): Promise<Buffer> {
  if (size < LENGTH_BYTES) throw invalid(file, `must hold at least ${LENGTH_BYTES} bytes, has ${size}`);
  const length = await readExactly(handle, file, Buffer.alloc(LENGTH_BYTES), 0);
  const headerBytes = length.readBigUInt64LE();
  const limit = Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES);
  if (headerBytes > BigInt(limit)) {
    throw invalid(file, `says that its header has ${headerBytes} bytes; at most ${limit} are possible in this file`);
  }
  return readExactly(handle, file, Buffer.alloc(Number(headerBytes)), LENGTH_BYTES);
}

function parseJson(file: string, header: Buffer): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(header.toString("utf8"));
  } catch (error) {
    throw invalid(file, `has a header that is not JSON: ${messageOf(error)}`, error);
  }
  if (!isRecord(parsed)) throw invalid(file, "has a header that is not a JSON object");
  return parsed;
}

function parseHeader(file: string, header: Buffer): readonly HeaderEntry[] {
  return Object.entries(parseJson(file, header))
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => parseEntry(file, name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
}

function parseEntry(file: string, name: string, entry: unknown): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw invalid(file, `must give dtype, shape and data_offsets of "${name}", gives ${JSON.stringify(entry)}`);
  }
  const bytes = WEIGHT_BYTES.get(dtype) ?? BUFFER_BYTES.get(dtype);
  if (bytes === undefined) throw unsupportedType(file, name, dtype);
  const [begin = 0, end = 0] = offsets;
  const expected = bytes * elements(shape);
  if (end - begin !== expected) {
    throw invalid(file, `must hold ${expected} bytes of "${name}" (${dtype} [${shape}]), holds ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Tensors must tile the data section: no overlap, no gap, nothing past the end of the file. */
function checkLayout(file: string, entries: readonly HeaderEntry[], dataBytes: number): void {
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end) {
      const what = entry.begin < end ? "overlaps the tensor before it" : "leaves a gap before it";
      throw invalid(file, `must have "${entry.name}" at byte ${end} of its data, has it at ${entry.begin}: it ${what}`);
    }
    end = entry.end;
  }
  if (end !== dataBytes) throw invalid(file, `must hold ${end} bytes of tensors, holds ${dataBytes}`);
}

async function readTensor(
  handle: FileHandle,
  file: string,
  { name, dtype, shape, begin, end }: HeaderEntry,
  dataStart: number,
): Promise<NamedTensor> {
  const data = new Float32Array(new SharedArrayBuffer(4 * elements(shape)));
  const raw = dtype === "F32" ? new Uint8Array(data.buffer) : new Uint8Array(end - begin);
  await readExactly(handle, file, raw, dataStart + begin);
  if (dtype !== "F32") widen(new Uint16Array(raw.buffer), data, dtype === "BF16" ? bfloat16Bits : float16Bits);
  return { name, shape, data };
}

async function readExactly<T extends Uint8Array>(
  handle: FileHandle,
  file: string,
  into: T,
  position: number,
): Promise<T> {
  for (let done = 0; done < into.length; ) {
    const length = Math.min(into.length - done, MAX_READ_BYTES);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) throw invalid(file, `ended at byte ${position + done} while it was read`);
    done += bytesRead;
  }
  return into;
}

/** Writes the float32 values whose bits `bitsOf` gives for each 16-bit value. */
function widen(from: Uint16Array, to: Float32Array, bitsOf: (half: number) => number): void {
  const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
  for (let i = 0; i < from.length; i++) bits[i] = bitsOf(from[i] as number);
}

/** bfloat16 is the upper half of a float32. */
function bfloat16Bits(half: number): number {
  return half << 16;
}

/** IEEE 754 half precision: 1 sign bit, 5 bits of exponent (bias 15), 10 of fraction. */
function float16Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 127 - 15) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half, fraction * 2^-24, is a normal float: shift its leading 1 out of the fraction.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((127 - 14 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/**
 * Writes tensors as float32 under a temporary name, then renames, so that `file` is never half written. Throws a
 * DualrateError of code "model" where it cannot.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const temporary = `${file}.${process.pid}${TEMPORARY}`;
  try {
    const handle = await open(temporary, "w");
    try {
      await handle.writeFile(encodeHeader(tensors, metadata));
      for (const { data } of tensors) {
        await handle.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw invalid(file, `cannot be written: ${messageOf(error)}`, error);
  }
}

function encodeHeader(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Buffer {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: "F32", shape, data_offsets: [begin, end] }] as const;
  });
  // Python's transformers refuses a file whose metadata does not name its framework.
  const json = JSON.stringify({ __metadata__: { format: "pt", ...metadata }, ...Object.fromEntries(entries) });
  const bytes = Buffer.byteLength(json);
  const header = Buffer.alloc(LENGTH_BYTES + Math.ceil(bytes / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - LENGTH_BYTES));
  header.write(json, LENGTH_BYTES);
  return header;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function unsupportedType(file: string, name: string, dtype: string): DualrateError {
  return invalid(file, `must hold weights as F32, F16 or BF16; "${name}" is ${dtype}`, undefined, {
    hint: "Save the model once more from Python with model.float().save_pretrained(folder).",
  });
}

function invalid(
  file: string,
  problem: string,
  cause?: unknown,
  { hint = "Download or save the file once more." } = {},
): DualrateError {
  return new DualrateError("model", `${basename(file)} ${problem}`, { hint, place: { file }, cause });
}

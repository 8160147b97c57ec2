// Safetensors files: a length, a JSON header, raw little-endian tensors. Reads fp32, fp16 and bf16 into shared float32
// arrays; writes fp32. Format: https://github.com/huggingface/safetensors#format
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { crc32 } from "node:zlib";
import { DualrateError, messageOf } from "../../errors.js";
import type { NamedTensor } from "../data/inputs.js";
import { bfloat16Bits, float16Bits, widen } from "./half-floats.js";

/** How the name of a file ends that is being written. */
const TEMPORARY = ".tmp";

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

/** In the metadata of files that we write. */
export const CHECKSUM = "crc32";

type Header = Readonly<Record<string, unknown>>;

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
  return opened(file, async (source) => {
    const entries = entriesOf(source);
    checkLayout(file, entries, source.size - source.dataStart);
    const tensors: NamedTensor[] = [];
    for (const entry of entries) {
      if (WEIGHT_BYTES.has(entry.dtype)) tensors.push(await readTensor(source, entry));
    }
    checkSum(source, () => dataSum(tensors));
    return tensors;
  });
}

/** The header's free part, texts by name. Throws as readSafetensors does. */
export async function readMetadata(file: string): Promise<Readonly<Record<string, string>>> {
  return opened(file, async (source) => metadataOf(source) as Readonly<Record<string, string>>);
}

/** As readMetadata, of a file of ours that is as it was written. */
export async function readVerifiedMetadata(file: string): Promise<Readonly<Record<string, string>>> {
  return opened(file, async (source) => {
    const metadata = metadataOf(source);
    if (metadata[CHECKSUM] === undefined) throw invalid(file, "has no checksum");
    let sum = 0;
    const stream = source.handle.createReadStream({ start: source.dataStart, autoClose: false });
    for await (const chunk of stream) sum = crc32(chunk as Buffer, sum);
    checkSum(source, () => sum);
    return metadata as Readonly<Record<string, string>>;
  });
}

/** A file whose header has been read. */
interface Source {
  readonly file: string;
  readonly handle: FileHandle;
  readonly header: Header;
  readonly size: number;
  /** Where the header ends. */
  readonly dataStart: number;
}

async function opened<Result>(file: string, read: (source: Source) => Promise<Result>): Promise<Result> {
  const handle = await open(file).catch((error: unknown) => {
    throw invalid(file, `cannot be opened: ${messageOf(error)}`, error);
  });
  try {
    const { size } = await handle.stat();
    const bytes = await readHeader(handle, file, size);
    return await read({ file, handle, header: parseJson(file, bytes), size, dataStart: LENGTH_BYTES + bytes.length });
  } finally {
    await handle.close();
  }
}

function metadataOf({ file, header: { __metadata__: metadata = {} } }: Source): Readonly<Record<string, unknown>> {
  if (isRecord(metadata)) return metadata;
  throw invalid(file, "has metadata that is not a JSON object");
}

/** Of all tensors' bytes, in their order. */
function dataSum(tensors: readonly NamedTensor[]): number {
  return tensors.reduce(
    (sum, { data }) => crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum),
    0,
  );
}

/** Of the data and of the header without it: finds what a disk or a copy has changed. */
function checksum(header: Header, dataSum: number): string {
  return crc32(JSON.stringify(header), dataSum).toString(16);
}

/** Only files that we have written have one: their tensors are all float32. */
function checkSum(source: Source, dataSum: () => number): void {
  const { [CHECKSUM]: stored, ...metadata } = metadataOf(source);
  if (stored === undefined) return;
  const found = checksum({ ...source.header, __metadata__: metadata }, dataSum());
  if (stored === found) return;
  throw invalid(source.file, `is damaged: its checksum is ${found}, and was ${stored} when it was written`);
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

function parseJson(file: string, header: Buffer): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(header.toString("utf8"));
  } catch (error) {
    throw invalid(file, `has a header that is not JSON: ${messageOf(error)}`, error);
  }
  if (!isRecord(parsed)) throw invalid(file, "has a header that is not a JSON object");
  return parsed;
}

function entriesOf({ file, header }: Source): readonly HeaderEntry[] {
  return Object.entries(header)
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
  { handle, file, dataStart }: Source,
  { name, dtype, shape, begin, end }: HeaderEntry,
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

/**
 * Writes tensors as float32 under a temporary name, then renames, so that `file` is never half written; makes its folder. Throws a
 * DualrateError of code "store" where it cannot: that is nobody's fault but the disk's.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const temporary = `${file}.${process.pid}${TEMPORARY}`;
  try {
    await mkdir(dirname(file), { recursive: true });
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
    await rm(temporary, { force: true }).catch(() => {});
    throw new DualrateError("store", `${file} cannot be written: ${messageOf(error)}`, {
      hint: "Make room on its disk, or check that you may write there.",
      cause: error,
    });
  }
}

function encodeHeader(tensors: readonly NamedTensor[], metadata: Readonly<Record<string, string>>): Buffer {
  let end = 0;
  const entries = Object.fromEntries(
    tensors.map(({ name, shape, data }) => {
      const begin = end;
      end += data.byteLength;
      return [name, { dtype: "F32", shape, data_offsets: [begin, end] }] as const;
    }),
  );
  // Python's transformers refuses a file whose metadata does not name its framework.
  const described = { format: "pt", ...metadata };
  const sum = checksum({ __metadata__: described, ...entries }, dataSum(tensors));
  const json = JSON.stringify({ __metadata__: { ...described, [CHECKSUM]: sum }, ...entries });
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

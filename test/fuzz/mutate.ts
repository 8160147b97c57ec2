// Damages inputs: bytes and texts anywhere, JSON values in their structure.
import type { Random } from "../../src/random.js";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}

/** Texts that readers of files have stumbled over. */
const TEXTS = [
  ...["", " ", "\n", "\r\n", "\t", "\0", "\ufeff", "\u2028", "\ud800", "é", "日本", "\u{1f600}", "'", '"', "\\", "`"],
  ...["-1", "0", "1e309", "-0", "NaN", ".inf", "null", "~", "true", "9007199254740993", "0x10", "1_000", "1e-400"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "length",
    "../../../../tmp/x",
    "/",
    "..",
    ".",
    "a/b",
    "a\\b",
  ],
  ...["[", "]", "{", "}", ":", ",", "- ", "? ", "&a", "*a", "!!js/function", "!!binary", "<<", "|", ">", "%", "@", "#"],
  "x".repeat(300),
  "[".repeat(5_000),
  "(".repeat(2_000),
  "- ".repeat(2_000),
  '{"a":'.repeat(3_000),
] as const;

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  2,
  0.5,
  -0.5,
  1e-12,
  255,
  256,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e18,
  1e300,
];

function value(random: Random): Json {
  switch (random.below(6)) {
    case 0:
      return pick(random, TEXTS);
    case 1:
    case 2:
      return pick(random, NUMBERS);
    case 3:
      return pick<Json>(random, [null, true, false]);
    case 4:
      return pick<Json>(random, [[], {}, [[]], [null], [1, 2], { a: 1 }, [0, -1], ["a"], { type: "BPE" }]);
    default:
      return nested(pick(random, [3, 50, 2_000]), random.below(2) === 0);
  }
}

function nested(depth: number, list: boolean): Json {
  let inner: Json = 0;
  for (let i = 0; i < depth; i++) inner = list ? [inner] : { a: inner };
  return inner;
}

/** The text with up to four damages. */
export function damagedText(random: Random, text: string, others: readonly string[] = [text]): string {
  let result = text;
  for (let n = 1 + random.below(4); n > 0; n--) result = damageText(random, result, others);
  return result;
}

function damageText(random: Random, text: string, others: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(random.below(4) === 0 ? text.length + 1 : 12));
  const cut = (middle: string) => text.slice(0, at) + middle + text.slice(end);
  switch (random.below(7)) {
    case 0:
      return cut("");
    case 1:
      return cut(text.slice(at, end).repeat(1 + random.below(4)));
    case 2:
      return text.slice(0, at) + pick(random, TEXTS) + text.slice(at);
    case 3:
      return cut(pick(random, TEXTS));
    case 4:
      return text.slice(0, at);
    case 5: {
      const other = pick(random, others);
      const from = random.below(other.length + 1);
      return cut(other.slice(from, from + random.below(200)));
    }
    default:
      return cut(String.fromCharCode(random.below(random.below(8) === 0 ? 65_536 : 128)));
  }
}

/** The bytes with up to four damages. */
export function damagedBytes(random: Random, bytes: Buffer): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let n = 1 + random.below(4); n > 0; n--) result = damageBytes(random, result);
  return result;
}

function damageBytes(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.below(4) === 0 ? bytes.length + 1 : 8));
  const parts = (...middle: Buffer[]) => Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(end)]);
  const noise = () => Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)));
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return parts();
    case 2:
      return parts(noise());
    case 3:
      return Buffer.concat([bytes.subarray(0, at), noise(), bytes.subarray(at)]);
    case 4:
      return parts(bytes.subarray(at, end), bytes.subarray(at, end));
    default: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
      return flipped;
    }
  }
}

/** A copy of the JSON value with up to three parts replaced, removed, renamed, doubled or wrapped. */
export function damagedJson(random: Random, json: Json): Json {
  const copy = { root: structuredClone(json) };
  for (let n = 1 + random.below(3); n > 0; n--) damageJson(random, copy);
  return copy.root;
}

function damageJson(random: Random, root: { root: Json }): void {
  const [parent, key] = place(random, root);
  const entries = parent as Record<string, Json>;
  const old = entries[key] as Json;
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else if (key !== "root") delete entries[key];
      break;
    case 1:
      entries[key] = [old, old];
      break;
    case 2:
      if (!Array.isArray(parent) && key !== "root") {
        Object.defineProperty(entries, pick(random, TEXTS), {
          value: old,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      break;
    case 3:
      if (typeof old === "string") entries[key] = damagedText(random, old);
      else if (typeof old === "number") entries[key] = old * pick(random, NUMBERS);
      break;
    default:
      entries[key] = value(random);
  }
}

/** A random part, by the list or object that holds it and its key there: each step down is as likely as staying. */
function place(random: Random, root: { root: Json }): readonly [Json[] | { [key: string]: Json }, string] {
  let parent: Json[] | { [key: string]: Json } = root;
  let key = "root";
  for (;;) {
    const inner: Json = (parent as Record<string, Json>)[key] as Json;
    if (typeof inner !== "object" || inner === null) return [parent, key];
    const keys = Object.keys(inner);
    if (keys.length === 0 || random.below(4) === 0) return [parent, key];
    parent = inner;
    key = pick(random, keys);
  }
}

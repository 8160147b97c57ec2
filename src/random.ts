// A counter-based random generator: every value is a pure function of (key, counter), so nothing is stored
// between steps, streams never overlap by accident, and a run resumes exactly.

/**
 * One round of a 32-bit mixing hash with low bias (constants found by search, Chris Wellons,
 * "Prospecting for Hash Functions", 2018: triple32).
 */
export function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 17), 0xed5ad4bb);
  x = Math.imul(x ^ (x >>> 11), 0xac4c1b51);
  x = Math.imul(x ^ (x >>> 15), 0x31848bab);
  return (x ^ (x >>> 14)) >>> 0;
}

/** FNV-1a over UTF-16 code units: turns a stream's name into 32 bits. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A 32-bit key from a list of names and integers, e.g. `deriveKey(studySeed, "replicate", 2)`. */
export function deriveKey(...parts: readonly (string | number)[]): number {
  let key = 0x9e3779b9;
  for (const part of parts) {
    const low = typeof part === "string" ? hashName(part) : part >>> 0;
    // The high word keeps seeds above 2^32 apart.
    const high = typeof part === "string" ? part.length : Math.floor(part / 2 ** 32) >>> 0;
    key = mix32(mix32((key ^ low) >>> 0) + 0x9e3779b9 + high);
  }
  return key;
}

/** A stream of random values from one key. Create one per purpose: `new Random(deriveKey(seed, "order", epoch))`. */
export class Random {
  readonly #key: number;
  #counter = 0;

  constructor(key: number) {
    this.#key = key >>> 0;
  }

  /** A uniform integer in [0, 2^32). */
  uint32(): number {
    const counter = this.#counter++;
    return mix32(mix32((counter + this.#key) >>> 0) ^ Math.imul(this.#key, 0x9e3779b1));
  }

  /** A uniform float in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) * 2 ** -53;
  }

  /** A uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** A standard normal value (Box and Muller, 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles in place (Fisher-Yates) and returns the array. */
  shuffle<T extends { [index: number]: unknown; length: number }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }
}

// The model's own tokenizer with the introduced tokens added, as Hugging Face's add_tokens would add them.
// Loads transformers.js: for worker threads only.
import { AutoTokenizer, env, LogLevel, type PreTrainedTokenizer } from "@huggingface/transformers";
import { DualrateError, messageOf } from "../../errors.js";
import type { IntroducedTokens } from "../../sweep/settings.js";
import type { IntroducedToken } from "./inputs.js";
import { splittingMetaspace } from "./metaspace.js";
import { type PairEncoder, pairEncoder } from "./pairs.js";
import { holdSingleWords } from "./single-word.js";
import { wordPartsOf } from "./word-parts.js";
import { type EncodedWords, encodeWords, type Frame, withPrefixSpace } from "./words.js";

/** Vocabulary ids of the special tokens; undefined where the tokenizer has none. */
export interface SpecialIds {
  readonly pad: number | undefined;
  readonly cls: number | undefined;
  readonly sep: number | undefined;
  readonly mask: number | undefined;
  readonly unk: number | undefined;
}

export interface EncodedText {
  /** Vocabulary ids, special tokens included, at most `maxLength`. */
  readonly ids: readonly number[];
  readonly tokenTypes: readonly number[];
  readonly truncated: boolean;
}

export interface AddedToken {
  readonly token: string;
  readonly id: number;
  /** What the tokenizer made of the token before it was added, as vocabulary ids without special tokens. */
  readonly subwordIds: readonly number[];
  /** How its row starts, where it is told for this token alone. */
  readonly init?: NonNullable<IntroducedToken["init"]>;
}

export interface Tokenizer {
  /** The introduced tokens in their order; ids follow the largest that the tokenizer had. */
  readonly introduced: readonly AddedToken[];
  /** Id of a token that the model had before, by its name in the vocabulary. */
  knownId(token: string): number | undefined;
  readonly special: SpecialIds;
  /** What each id is in its word; see word-parts.ts, which throws where the tokenizer does not tell. */
  wordParts(): Uint8Array;
  /** Ids that the template adds around every text. */
  readonly specialsPerText: number;
  /** Encodes one text with special tokens; a longer text loses its end, not its last special tokens. */
  encode(text: string, maxLength: number): EncodedText;
  /** Encodes pairs of texts; throws a DualrateError of code "model" where the tokenizer has no template for them. */
  pairs(): PairEncoder;
  /** Encodes a text that comes as words, as Hugging Face's fast tokenizers do with is_split_into_words. */
  encodeWords(words: readonly string[], maxLength: number): EncodedWords;
}

/**
 * Loads the tokenizer of a local folder (never from the network) and adds the introduced tokens. For words, a byte-level
 * one puts a space before each. Throws a DualrateError of code "tokens" for a token that cannot be introduced and of code
 * "model" for a tokenizer that cannot be used.
 */
export async function loadTokenizer(
  folder: string,
  { tokens, special }: IntroducedTokens,
  input: "texts" | "words" = "texts",
): Promise<Tokenizer> {
  try {
    return guarded(folder, tokenizerOf(await loadBase(folder), { tokens, special }, input));
  } catch (error) {
    throw asModelError(folder, error);
  }
}

/** What transformers.js throws for a tokenizer.json that it takes, but cannot work with, as an error of the model's. */
function asModelError(folder: string, error: unknown): DualrateError {
  if (error instanceof DualrateError) return error;
  return new DualrateError("model", `the tokenizer in ${folder} cannot be used: ${messageOf(error)}`, {
    hint: "It must be a tokenizer.json that transformers.js supports; save it once more from Python.",
    cause: error,
  });
}

function guarded(folder: string, tokenizer: Tokenizer): Tokenizer {
  const guard =
    <Args extends unknown[], Result>(method: (...args: Args) => Result) =>
    (...args: Args): Result => {
      try {
        return method(...args);
      } catch (error) {
        throw asModelError(folder, error);
      }
    };
  return {
    ...tokenizer,
    wordParts: guard(tokenizer.wordParts),
    encode: guard(tokenizer.encode),
    encodeWords: guard(tokenizer.encodeWords),
    pairs: guard(() => {
      const pairs = tokenizer.pairs();
      return { ...pairs, encode: guard(pairs.encode) };
    }),
  };
}

function tokenizerOf(
  loaded: PreTrainedTokenizer,
  { tokens, special }: IntroducedTokens,
  input: "texts" | "words",
): Tokenizer {
  const base = input === "words" ? withPrefixSpace(loaded) : loaded;
  checkTokens(base, tokens, special);
  const extended = addTokens(base, tokens, special);
  const added = tokens.map((token) => addedToken(base, extended, token));
  const frame = frameOf(extended, added[0]);
  return {
    introduced: added,
    special: specialIds(extended),
    wordParts: () => wordPartsOf(extended),
    specialsPerText: frame.prefix.length + frame.suffix.length,
    knownId: (token) => base._tokenizer.token_to_id(token),
    encode: (text, maxLength) => encode(extended, text, frame.suffix.length, maxLength),
    pairs: () => pairEncoder(extended, added[0] as AddedToken),
    encodeWords: (words, maxLength) => encodeWords(extended, words, frame, maxLength),
  };
}

async function loadBase(folder: string): Promise<PreTrainedTokenizer> {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.logLevel = LogLevel.ERROR;
  return withAdded(await AutoTokenizer.from_pretrained(folder, { local_files_only: true }), []);
}

/** An id for each token, one after the other. */
function addTokens(base: PreTrainedTokenizer, tokens: readonly string[], special: boolean): PreTrainedTokenizer {
  const first = largestId(base) + 1;
  return withAdded(
    base,
    tokens.map((content, index) => addedTokenEntry(first + index, content, special)),
  );
}

/** The same class, with entries more among its added tokens, and with what transformers.js leaves out of tokenizer.json. */
function withAdded(base: PreTrainedTokenizer, entries: readonly unknown[]): PreTrainedTokenizer {
  const json = structuredClone(base._tokenizerJSON) as { added_tokens: unknown[]; pre_tokenizer: unknown };
  json.added_tokens = [...json.added_tokens, ...entries];
  json.pre_tokenizer = splittingMetaspace(json.pre_tokenizer);
  const { constructor: Class } = base as unknown as {
    constructor: new (json: unknown, config: unknown) => PreTrainedTokenizer;
  };
  const tokenizer = new Class(json, base._tokenizerConfig);
  holdSingleWords(tokenizer);
  return tokenizer;
}

/**
 * An introduced token as tokenizer.json lists it, with the attributes of Hugging Face's AddedToken for a plain string:
 * matched anywhere, also inside of a word.
 */
export function addedTokenEntry(id: number, content: string, special: boolean) {
  return { id, content, special, normalized: !special, single_word: false, lstrip: false, rstrip: false };
}

function checkTokens(base: PreTrainedTokenizer, tokens: readonly string[], special: boolean): void {
  if (tokens.length === 0) throw unusable("introduced_tokens must name at least one token", "Add tokens to the list.");
  const seen = new Map<string, string>();
  for (const [index, token] of tokens.entries()) {
    if (token.trim() === "") {
      throw unusable(`an introduced token must not be empty or blank; got ${JSON.stringify(token)}`, REMOVE, index);
    }
    // A plain token is matched in normalized text, so tokens that the normalizer makes equal are one.
    const form = special ? token : normalized(base, token);
    checkUnknown(base, token, form, index);
    const twin = seen.get(form);
    if (twin === token) throw unusable(`the introduced token "${token}" is listed twice`, REMOVE, index);
    if (twin !== undefined) {
      throw unusable(
        `the tokenizer reads the introduced tokens "${twin}" and "${token}" as the same text`,
        REMOVE,
        index,
      );
    }
    seen.set(form, token);
  }
}

function checkUnknown(base: PreTrainedTokenizer, token: string, form: string, index: number): void {
  const known = [token, form].find((text) => base._tokenizer.token_to_id(text) !== undefined);
  if (known === undefined) return;
  const as = known === token ? "" : ` as "${known}"`;
  throw unusable(
    `the vocabulary already has the introduced token "${token}"${as} (id ${base._tokenizer.token_to_id(known)})`,
    "Only new tokens can be introduced: remove it from introduced_tokens, or choose another name.",
    index,
  );
}

function normalized(tokenizer: PreTrainedTokenizer, text: string): string {
  return tokenizer._tokenizer.normalizer?.normalize(text) ?? text;
}

function addedToken(base: PreTrainedTokenizer, extended: PreTrainedTokenizer, token: string): AddedToken {
  const id = extended._tokenizer.token_to_id(token) ?? -1;
  const ids = extended.encode(token, { add_special_tokens: false });
  if (ids.length !== 1 || ids[0] !== id) {
    throw unusable(
      `the tokenizer splits the introduced token "${token}" though it was added, into ids [${ids.join(", ")}]`,
      "It may hold another added token, or text that the normalizer changes: choose another name.",
    );
  }
  return { token, id, subwordIds: base.encode(token, { add_special_tokens: false }) };
}

/** The special tokens that the template puts around a text, seen around `probe`. */
function frameOf(tokenizer: PreTrainedTokenizer, probe: AddedToken | undefined): Frame {
  const ids = tokenizer.encode(probe?.token ?? "");
  const at = ids.indexOf(probe?.id ?? -1);
  if (at < 0) throw new Error("its template loses the text");
  return { prefix: ids.slice(0, at), suffix: ids.slice(at + 1) };
}

function encode(tokenizer: PreTrainedTokenizer, text: string, suffix: number, maxLength: number): EncodedText {
  const { input_ids: ids, token_type_ids: types } = tokenizer(text, {
    return_tensor: false,
    return_token_type_ids: true,
  });
  const truncated = ids.length > maxLength;
  const cut = (values: readonly number[]) => (truncated ? truncate(values, suffix, maxLength) : values);
  return { ids: cut(ids), tokenTypes: cut(types ?? ids.map(() => 0)), truncated };
}

/** transformers.js cuts the last special tokens off with the text; Hugging Face's library keeps them, as here. */
function truncate(values: readonly number[], suffix: number, maxLength: number): readonly number[] {
  return [...values.slice(0, maxLength - suffix), ...values.slice(values.length - suffix)];
}

/** What a tokenizer_config.json that names no special tokens leaves to Hugging Face's classes: BERT's, RoBERTa's names. */
const CONVENTIONAL = {
  pad_token: ["[PAD]", "<pad>"],
  cls_token: ["[CLS]", "<s>"],
  sep_token: ["[SEP]", "</s>"],
  mask_token: ["[MASK]", "<mask>"],
  unk_token: ["[UNK]", "<unk>"],
} as const;

function specialIds(tokenizer: PreTrainedTokenizer): SpecialIds {
  const json = tokenizer._tokenizerJSON as { readonly added_tokens: readonly { readonly content: string }[] };
  const listed = new Set(json.added_tokens.map(({ content }) => content));
  const idOf = (name: keyof typeof CONVENTIONAL): number | undefined => {
    const entry: unknown = tokenizer._tokenizerConfig[name];
    const given = typeof entry === "object" && entry !== null && "content" in entry ? entry.content : entry;
    const content = given === undefined ? CONVENTIONAL[name].find((token) => listed.has(token)) : given;
    return typeof content === "string" ? tokenizer._tokenizer.token_to_id(content) : undefined;
  };
  return {
    pad: idOf("pad_token"),
    cls: idOf("cls_token"),
    sep: idOf("sep_token"),
    mask: idOf("mask_token"),
    unk: idOf("unk_token"),
  };
}

function largestId(tokenizer: PreTrainedTokenizer): number {
  let largest = -1;
  for (const id of tokenizer.get_vocab().values()) largest = Math.max(largest, id);
  return largest;
}

const REMOVE = "Remove it from introduced_tokens.";

/** `index`: of the token in the sweep file's list. */
function unusable(message: string, hint: string, index?: number): DualrateError {
  const key = ["introduced_tokens", "tokens", ...(index === undefined ? [] : [index])];
  return new DualrateError("tokens", message, { hint, key });
}

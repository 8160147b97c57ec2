// Masked language modelling: which positions of a text are asked for, and what the model sees there instead.
// The 80/10/10 rule of BERT (Devlin et al., 2019), with a probability of its own for introduced tokens.
import { DualrateError } from "../../errors.js";
import { Random } from "../../random.js";
import type { TrainerSettings } from "../../sweep/settings.js";
import type { SpecialRows } from "./inputs.js";
import type { RowMap } from "./row-map.js";
import { continuesWord } from "./word-parts.js";

export type Masking = Pick<TrainerSettings, "maskProbability" | "introducedMaskProbability" | "maskReplacement">;

export interface MaskedText {
  /** Rows that the model sees, [length]. */
  readonly inputRows: Int32Array;
  /** Positions asked for, ascending; the label of each is the text's own row there. */
  readonly positions: readonly number[];
}

/** Masks a text given as rows; the same key gives the same mask. */
export type Masker = (rows: Int32Array, key: number) => MaskedText;

/**
 * Each position is asked for with maskProbability, introduced tokens with introducedMaskProbability, rows of
 * `neverMasked` never. There the model sees [MASK], a random row (of all rows, introduced ones included), or the row
 * itself, by the shares of maskReplacement. With `wordParts` (by row, word-parts.ts) a word is asked for as a whole: its first
 * token is drawn as above and the others follow it, each replaced by a draw of its own, as Hugging Face's
 * DataCollatorForLanguageModeling does with whole_word_mask. Throws a DualrateError of code "model" where [MASK] is needed and missing.
 */
export function createMasker(masking: Masking, special: SpecialRows, rowMap: RowMap, wordParts?: Uint8Array): Masker {
  const probabilities = maskProbabilities(masking, special, rowMap);
  const [maskShare, randomShare] = masking.maskReplacement;
  const maskRow = maskShare > 0 ? requiredMaskRow(special) : 0;
  const drawn = drawnRows(rowMap);
  const replace = (row: number, random: Random): number => {
    const draw = random.uniform();
    if (draw < maskShare) return maskRow;
    return draw < maskShare + randomShare ? (drawn[random.below(drawn.length)] as number) : row;
  };
  return (rows, key) => {
    const random = new Random(key);
    const positions: number[] = [];
    let asked = false;
    const inputRows = rows.map((row, position) => {
      if (!wordParts || !continuesWord(wordParts, rows, position)) asked = random.uniform() < (probabilities[row] ?? 0);
      if (!asked) return row;
      positions.push(position);
      return replace(row, random);
    });
    return { inputRows, positions };
  };
}

/** All rows, the pretrained ones in the order of their ids: the same draw gives the same token, whatever groups there are. */
function drawnRows({ idOfRow, baseRows, tokenGroups }: RowMap): Int32Array {
  const rows = Int32Array.from(idOfRow, (_, row) => row);
  if (tokenGroups.length > 0) {
    rows.subarray(0, baseRows).sort((a, b) => (idOfRow[a] as number) - (idOfRow[b] as number));
  }
  return rows;
}

/** The probability that a position is asked for, by its row. [rows] */
export function maskProbabilities(masking: Masking, special: SpecialRows, rowMap: RowMap): Float64Array {
  const probabilities = new Float64Array(rowMap.idOfRow.length).fill(masking.maskProbability);
  probabilities.fill(masking.introducedMaskProbability, rowMap.baseRows);
  for (const row of special.neverMasked) probabilities[row] = 0;
  return probabilities;
}

function requiredMaskRow(special: SpecialRows): number {
  if (special.mask !== undefined) return special.mask;
  throw new DualrateError("model", "masked-lm needs a tokenizer with a mask_token; this model's has none", {
    hint: "Set mask_token in tokenizer_config.json, or give [MASK] no share in mask_replacement.",
  });
}

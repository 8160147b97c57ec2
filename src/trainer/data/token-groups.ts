// Token groups: a sweep's lists of tokens that the vocabulary has, as vocabulary ids.
import { DualrateError } from "../../errors.js";
import type { Settings } from "../../sweep/settings.js";
import type { TokenGroupIds } from "./row-map.js";
import type { Tokenizer } from "./tokenizer.js";

/**
 * The ids of each group's tokens, `vocabSize` being the model's. Throws a DualrateError of code "tokens" for a token that the
 * vocabulary or the model does not have.
 */
export function tokenGroupIds(
  { tokenGroups = {} }: Pick<Settings, "tokenGroups">,
  tokenizer: Pick<Tokenizer, "knownId">,
  vocabSize: number,
): readonly TokenGroupIds[] {
  return Object.entries(tokenGroups).map(([name, tokens]) => ({
    name,
    ids: tokens.map((token, index) => {
      const id = tokenizer.knownId(token);
      if (id === undefined) throw unusable(`the vocabulary has no token "${token}"`, name, index);
      if (id >= vocabSize) throw unusable(`the model has no row for the token "${token}" (id ${id})`, name, index);
      return id;
    }),
  }));
}

function unusable(message: string, group: string, index: number): DualrateError {
  return new DualrateError("tokens", `token_groups.${group}: ${message}`, {
    hint: 'Name tokens as tokenizer.json has them, e.g. with their "##" or "▁"; introduced tokens have lr_ratio.',
    key: ["token_groups", group, index],
  });
}

// How one introduced token's embedding row starts, where it is told for that token alone.
import { PARAMETERS, type ParameterValue } from "./parameters.js";

export type TokenInit =
  | { readonly kind: "rule"; readonly rule: ParameterValue<"init"> }
  | { readonly kind: "copy"; readonly token: string };

const RULES: readonly ParameterValue<"init">[] = PARAMETERS.init.domain.choices;
const COPY = "copy:";

/** What a token's own initialisation may be, in words. */
export const TOKEN_INITS = `one of ${RULES.join(", ")}, or ${COPY} and a token that the vocabulary has`;

/** Undefined for what is no initialisation. */
export function parseTokenInit(text: string): TokenInit | undefined {
  if (text.startsWith(COPY) && text.length > COPY.length) return { kind: "copy", token: text.slice(COPY.length) };
  const rule = RULES.find((name) => name === text);
  return rule && { kind: "rule", rule };
}

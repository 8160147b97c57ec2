// The rules of a sweep file's token groups, as far as the vocabulary is not needed for them.
import { GROUP_SUFFIXES, PARAMETERS } from "./parameters.js";
import { type Problem, pathText, repeated, show } from "./problems.js";
import { type SweepInput, TOKEN_GROUP_NAME } from "./schema.js";

/** Whether the groups have names of their own, and each token one group. */
export function checkTokenGroups({ token_groups: groups = {}, introduced_tokens: introduced }: SweepInput) {
  const names = Object.keys(groups);
  return names.flatMap((name, index): readonly Problem[] => {
    const tokens = groups[name] ?? [];
    const path = ["token_groups", name];
    return [
      ...checkName(name),
      ...repeated(tokens, path, "a token is in one group, once"),
      ...tokens.flatMap((token, i) => {
        const other = names.slice(0, index).find((earlier) => groups[earlier]?.includes(token));
        return [
          ...(other === undefined ? [] : [elsewhere([...path, i], token, `in token_groups.${other} too`)]),
          ...(introduced.tokens?.includes(token) ? [elsewhere([...path, i], token, "an introduced token")] : []),
        ];
      }),
    ];
  });
}

function elsewhere(path: Problem["path"], token: string, where: string): Problem {
  const message = `${pathText(path)}: ${show(token)} is ${where}; a token has one learning rate`;
  return { path, message, hint: "Remove it from one of the two." };
}

/** Groups that there always are; the names of their parameters are taken, as is that of min_lr_ratio. */
const TAKEN = ["base", "head", "introduced"];

function checkName(name: string): readonly Problem[] {
  const path = ["token_groups", name];
  if (!TOKEN_GROUP_NAME.test(name)) {
    const message = `a token group's name must be lower-case letters, digits and underscores, a letter first; got ${show(name)}`;
    return [{ path, message, hint: "Call it special, say: its learning rate is then special_lr_ratio." }];
  }
  const known = GROUP_SUFFIXES.map((suffix) => `${name}_${suffix}`).find((key) => Object.hasOwn(PARAMETERS, key));
  if (known === undefined && !TAKEN.includes(name)) return [];
  const reason = known === undefined ? "is a parameter group already" : `would take the name of the parameter ${known}`;
  return [{ path, message: `token_groups.${name}: ${name} ${reason}`, hint: "Choose another name." }];
}

// Models of the Hugging Face hub, as a sweep file names them: `org/name`, `org/name@revision`, `hf://org/name@revision`.

export interface HubModel {
  /** `org/name`, or `name` alone as the oldest models have it. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** The commit that the revision stood for; known once the model is in the cache. */
  readonly commit?: string;
}

const NAME = "[A-Za-z0-9][\\w.-]*";
const HUB_MODEL = new RegExp(`^(?:hf://)?(${NAME}(?:/${NAME})?)(?:@([A-Za-z0-9][\\w./-]*))?$`);

/** Undefined where `text` can only be a path. */
export function parseHubModel(text: string): HubModel | undefined {
  const [, id, revision = "main"] = HUB_MODEL.exec(text) ?? [];
  if (id === undefined || text.includes("..")) return undefined;
  return { id, revision };
}

/** As a sweep file names it, without doubt: at its commit, where that is known. */
export function hubModelText({ id, revision, commit }: HubModel): string {
  return `hf://${id}@${commit ?? revision}`;
}

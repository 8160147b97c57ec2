// `dualrate schema`: the JSON Schema of sweep files, for editors.
import { sweepJsonSchema } from "../sweep/sweep-file.js";
import { print } from "./output.js";

export function schema(): void {
  print([JSON.stringify(sweepJsonSchema(), null, 2)]);
}

// Where the program's own processes and threads find their code.

/** A module of this folder as compiled JavaScript; from the TypeScript sources (tests) that lies in dist/. */
export function compiledModule(name: string): URL {
  return new URL(import.meta.url.endsWith(".ts") ? `../../dist/runner/${name}` : `./${name}`, import.meta.url);
}

import { defineConfig } from "vitest/config";

/** Fuzz tests: `npm run check:fuzz`. FUZZ_CASES is the number of cases of each target, FUZZ_CASE runs a single one again. */
export default defineConfig({
  test: { include: ["test/fuzz/**/*.fuzz.ts"], pool: "forks", maxWorkers: 2, testTimeout: 600_000 },
});

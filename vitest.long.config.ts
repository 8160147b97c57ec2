import { defineConfig } from "vitest/config";

/**
 * Tests that take minutes: `npm run check:slow`, and fuzzing, `npm run check:fuzz`, of which FUZZ_CASES is the number of cases of each
 * target, and FUZZ_CASE runs a single one again.
 */
export default defineConfig({
  test: {
    include: ["test/**/*.fuzz.ts", "test/**/*.slow.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});

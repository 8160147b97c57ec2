import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    // Threads of one process share the two cores of a small machine badly with ONNX Runtime's own; two forks do not.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});

import { expect, test } from "vitest";
import { DualrateError } from "../src/errors.js";

test("a message that quotes a whole file loses its middle, and says how long it was", () => {
  const { message, hint } = new DualrateError("data", `begins ${"x".repeat(1_000_000)} ends`, { hint: "Do this." });
  expect(message.length).toBeLessThan(2_000);
  expect(message).toMatch(/^begins x+ \.\.\. \(1000012 characters\) \.\.\. x+ ends$/);
  expect(hint).toBe("Do this.");
  expect(new DualrateError("data", "short").message).toBe("short");
});

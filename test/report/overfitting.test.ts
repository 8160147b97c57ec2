import { expect, test } from "vitest";
import { findOverfitting } from "../../src/report/overfitting.js";
import { measured } from "./trials.js";

test("validation loss that rises while training loss falls is overfitting since its lowest point", () => {
  const found = findOverfitting([measured(20, 3, 2.5), measured(40, 2.5, 2), measured(60, 2, 2.3)]);
  expect(found).toEqual({ since: 40, lowest: 2, last: 2.3 });
});

test.each([
  ["validation loss still falls", [measured(20, 3, 2.5), measured(40, 2.5, 2)]],
  ["the rise is within a percent", [measured(20, 3, 2), measured(40, 2.5, 2.01)]],
  ["training loss rises too", [measured(20, 3, 2), measured(40, 3.5, 2.5)]],
  ["nothing was evaluated", [measured(20, 3, null)]],
  ["there are no measurements", []],
])("it is not overfitting where %s", (_, measurements) => {
  expect(findOverfitting(measurements)).toBeUndefined();
});

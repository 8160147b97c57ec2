import { expect, test } from "vitest";
import { largestOf, secondsPerTrial } from "../../src/sweep/calibration.js";
import { settings, sweep } from "../store/fixture.js";

const calibration = { secondsPerStep: 0.8, secondsPerEvaluation: 3, compileSeconds: 5, peakBytes: 1 };

test("the largest configuration has the greatest batches", () => {
  const sized = { ...sweep, settings: { ...settings, greatest: { batch_size: 32 } } };
  expect(largestOf(sized, { lr_ratio: 1, batch_size: 8 })).toEqual({ lr_ratio: 1, batch_size: 32 });
});

test("a trial takes its steps and its evaluations", () => {
  // 20 steps, an evaluation every 10.
  expect(secondsPerTrial(sweep, 100, [{}], {}, calibration)).toBeCloseTo(20 * 0.8 + 2 * 3, 12);
});

test("a step's time goes with its texts, and a trial's with its steps: the mean over configurations", () => {
  const epochs = {
    ...sweep,
    settings: { ...settings, trainer: { ...settings.trainer, length: { numTrainEpochs: 2 } } },
  };
  // 100 texts: 26 steps of 8 texts and 14 of 16, a text 0.05 seconds; 3 and 2 evaluations.
  const seconds = secondsPerTrial(
    epochs,
    100,
    [{ batch_size: 8 }, { batch_size: 16 }],
    { batch_size: 16 },
    calibration,
  );
  expect(seconds).toBeCloseTo((26 * 0.4 + 9 + 14 * 0.8 + 6) / 2, 12);
});

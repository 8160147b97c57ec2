import { describe, expect, test } from "vitest";
import { anyAllowed, createAllowed, parseConstraint } from "../../src/sweep/constraints.js";

const fixed = { weight_decay: 0.1, optim: "adamw" };
const point = { base_lr: 1e-4, lr_ratio: 100 };
const meets = (...constraints: readonly string[]) => createAllowed(constraints, fixed)(point);

describe("constraints", () => {
  test.each([
    ["intro_lr <= 1e-2", true],
    ["intro_lr < 1e-2", false],
    ["base_lr * lr_ratio >= 0.02", false],
    ["base_lr*lr_ratio*2>0.01", true],
    ["lr_ratio / base_lr / 1e6 >= 1", true],
    ["1e-5 < base_lr", true],
    ["weight_decay <= lr_ratio / 2000", false],
    // Of defaults: 16 examples in one batch.
    ["batch_size * gradient_accumulation_steps <= 15", false],
    ["-1 * base_lr < .5E-3", true],
  ])("%s is %s of base_lr 1e-4, lr_ratio 100 and weight_decay 0.1", (constraint, expected) => {
    // 1e-4 * 100 is 0.01 in doubles, too.
    expect(meets(constraint)).toBe(expected);
  });

  test("are met all at once; none are always met", () => {
    expect(meets("base_lr > 0", "lr_ratio > 1")).toBe(true);
    expect(meets("base_lr > 0", "lr_ratio > 100")).toBe(false);
    expect(meets()).toBe(true);
  });

  test("take the ratio that two rates come to", () => {
    const allowed = createAllowed(["lr_ratio <= 10"], {});
    expect(allowed({ base_lr: 1e-4, intro_lr: 1e-3 * 0.99 })).toBe(true);
    expect(allowed({ base_lr: 1e-4, intro_lr: 1e-2 })).toBe(false);
  });

  test.each([
    ["base_lr", /must have one of <=/],
    ["1 < base_lr < 2", /must have one of <=/],
    ["base_lr == 2", /must have one of <=/],
    ["base_lr <= process.exit(1)", /"process.exit\(1\)" is no number/],
    ["base_lr + 1 <= 2", /"base_lr \+ 1" is no number/],
    ["optim <= 2", /"optim" is no number and no parameter that has numbers/],
    ["constructor <= 2", /"constructor" is no number/],
    ["base_lr * <= 2", /a factor is missing/],
  ])("%s cannot be read", (text, problem) => {
    expect(parseConstraint(text)).toEqual({ problem: expect.stringMatching(problem) });
  });

  test("a grid is searched for an allowed point to its last", () => {
    const space = [
      { name: "base_lr", distribution: { kind: "constant", value: 1e-4 } },
      { name: "lr_ratio", distribution: { kind: "categorical", values: [1, 10, 100] } },
    ] as const;
    expect(anyAllowed(space, createAllowed(["lr_ratio > 10"], {}))).toBe(true);
    expect(anyAllowed(space, createAllowed(["lr_ratio > 100"], {}))).toBe(false);
  });
});

// Writes trials of study `words` in the folder given until it kills itself in the middle of one. Takes the compiled
// writer, the folder and the study's definition.
const [, , writerModule, folder, definition] = process.argv;
const { openWriter } = await import(writerModule);
const writer = openWriter(folder);
const { id } = writer.openStudy(JSON.parse(definition));
writer.acquireLease(id, 2);
const rates = { base_lr: 1, lr_ratio: 1, intro_lr: 1 };
for (const number of [1, 2]) {
  writer.addTrial(id, { number, replicate: 0, seed: 1, parameters: {}, rates });
  writer.startTrial(id, number);
  for (let step = 1; step <= 50; step++) {
    const validation = { loss: 1 / step, loss_introduced: null, loss_base: null, accuracy: null, f1: null };
    writer.recordMeasurement(id, number, { step, trainLoss: 1, validation, groups: {}, seconds: step });
  }
  if (number === 2) process.kill(process.pid, "SIGKILL");
  writer.endTrial(id, number, { state: "complete", value: 0.02, bestStep: 50 });
}

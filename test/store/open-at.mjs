// Opens a store for writing and for reading, again and again from a given moment on, as other processes do at the same time:
// takes the compiled modules' folder, the store's folder and the moment. Prints what goes wrong.
const [, , compiled, folder, moment] = process.argv;
const { openWriter } = await import(`${compiled}/writer.js`);
const { openReader } = await import(`${compiled}/reader.js`);
while (Date.now() < Number(moment));
try {
  for (let i = 0; i < 5; i++) {
    const writer = openWriter(folder);
    const reader = openReader(folder);
    reader.studies();
    writer.close();
    reader.studies();
    reader.close();
  }
} catch (error) {
  console.log(error.message);
}

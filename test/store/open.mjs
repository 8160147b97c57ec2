// Opens a store as another user might: takes a compiled module, its function and the folder; prints the error as JSON.
const [, , module, open, folder] = process.argv;
try {
  (await import(module))[open](folder).close();
  console.log(JSON.stringify({ opened: true }));
} catch ({ code, message, hint }) {
  console.log(JSON.stringify({ code, message, hint }));
}

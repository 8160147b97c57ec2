// What the WebAssembly module exports.
export { adamw, squaredNorm } from "./adamw.as";
export { keepMask } from "./dropout.as";

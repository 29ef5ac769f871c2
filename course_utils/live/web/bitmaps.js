// @ts-check
// Pictures as the browser draws them, from bytes and back.

/** @param {DataView} bytes */
export function decode(bytes) {
  const type = bytes.getUint8(0) === 0x89 ? "image/png" : "image/webp"; // WebP in kept copies
  const data = /** @type {DataView<ArrayBuffer>} */ (bytes);
  return createImageBitmap(new Blob([data], { type }));
}

/**
 * The picture as WebP if the browser can write it (a third of the size), else as PNG.
 *
 * @param {ImageBitmap} bitmap
 */
export function base64(bitmap) {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  return canvas.toDataURL("image/webp", 0.9).split(",")[1];
}

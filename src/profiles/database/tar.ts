// A tar archive of few files in the ustar form (POSIX.1-2017 pax, "ustar Interchange Format"): mode 0644, owner 0, time 0,
// two blocks of zeros at its end. A function of names and contents alone.

import { ExportError } from '../../core/errors.ts';

export type TarFile = {
  /** ASCII, at most 100 characters. */
  readonly name: string;
  readonly size: number;
  readonly read: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
};

const blockBytes = 512;
/** Eleven octal digits. */
const largestFile = 8 ** 11 - 1;

/** Throws INPUT_TOO_LARGE for a file of 8 GiB, INTERNAL when a file has another size than it says. */
export async function* tarOf(files: readonly TarFile[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    yield headerOf(file);
    let size = 0;
    for await (const piece of file.read()) {
      size += piece.byteLength;
      yield piece;
    }
    if (size !== file.size) throw new ExportError('INTERNAL', `${file.name} has ${size} bytes, not ${file.size}`);
    if (size % blockBytes > 0) yield Buffer.alloc(blockBytes - (size % blockBytes));
  }
  yield Buffer.alloc(2 * blockBytes);
}

function headerOf({ name, size }: TarFile): Buffer {
  if (size > largestFile) throw new ExportError('INPUT_TOO_LARGE', `${name} has ${size} bytes, too many for tar`);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0, 100, 'ascii');
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  header.write(octal(0, 7), 329);
  header.write(octal(0, 7), 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

// Reads a tar archive as a stream (POSIX.1-2017 pax, ustar; GNU long names and sizes), holding one block at a time.
// Whatever the headers say, an entry ends with what it declared, and names are only told: nothing is written here.

import { ExportError } from '../../core/errors.ts';

export type TarEntry = {
  /** As it is written, without `./` in front. */
  readonly name: string;
  /** False for links, folders and devices, which have no content of their own. */
  readonly isFile: boolean;
  /** Bytes of `content`. */
  readonly size: number;
  /** Must be read, or left, before the next entry is asked for. */
  readonly content: AsyncIterable<Buffer>;
};

const block = 512;
/** An extended header or long name; real ones have a few hundred bytes. */
const extensionBytes = 64 << 10;

/** Entries in order. Throws VERIFICATION_FAILED for what is no tar archive, is damaged, or ends early. */
export async function* readTar(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const input = new TarInput(chunks);
  let extension: Extension = {};
  try {
    for (let header = await input.header(); header; header = await input.header()) {
      const { type } = header;
      const size = extension.size ?? header.size;
      if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
        const body = await input.small(header.size);
        if (type === 'x') extension = { ...extension, ...parsePax(body) };
        if (type === 'L') extension = { ...extension, name: cString(body) };
        continue;
      }
      const isFile = type === '0' || type === '\0' || type === '7';
      const name = (extension.name ?? header.name).replace(/^(?:\.\/)+/, '');
      extension = {};
      const content = input.content(isFile ? size : 0);
      yield { name, isFile, size: isFile ? size : 0, content };
      for await (const _ of content);
      await input.skip(padding(size));
    }
  } finally {
    await input.close();
  }
}

type Header = { readonly name: string; readonly size: number; readonly type: string };

type Extension = { readonly name?: string; readonly size?: number };

class TarInput {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next header; undefined at the archive's end, when everything behind it was read too. */
  async header(): Promise<Header | undefined> {
    const bytes = await this.#exactly(block, true);
    if (bytes?.some((byte) => byte !== 0)) return parseHeader(bytes);
    do this.#rest = Buffer.alloc(0);
    while (await this.#fill());
    return undefined;
  }

  /** The body of an extension with its padding. */
  async small(size: number): Promise<Buffer> {
    if (size > extensionBytes) throw damaged(`an extended header has ${size} bytes`);
    const body = (await this.#exactly(size)) ?? Buffer.alloc(0);
    await this.skip(padding(size));
    return body;
  }

  /** The next `size` bytes in pieces; iterating a second time goes on where the first one stopped. */
  content(size: number): AsyncIterable<Buffer> {
    let left = size;
    const next = async (): Promise<IteratorResult<Buffer, undefined>> => {
      if (left === 0) return { done: true, value: undefined };
      if (this.#rest.length === 0 && !(await this.#fill())) throw damaged('it ends early');
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      return { done: false, value: piece };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  async skip(size: number): Promise<void> {
    for await (const _ of this.content(size));
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #exactly(size: number, mayEnd = false): Promise<Buffer | undefined> {
    while (this.#rest.length < size) {
      if (await this.#fill()) continue;
      if (mayEnd && this.#rest.length === 0) return undefined;
      throw damaged('it ends early');
    }
    const bytes = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return bytes;
  }

  async #fill(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}

function padding(size: number): number {
  return (block - (size % block)) % block;
}

function parseHeader(bytes: Buffer): Header {
  const sum = bytes.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (octal(bytes.subarray(148, 156)) !== sum) throw damaged('the checksum of a header does not match');
  const prefix = bytes.toString('latin1', 257, 262) === 'ustar' ? cString(bytes.subarray(345, 500)) : '';
  const name = cString(bytes.subarray(0, 100));
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: sizeOf(bytes.subarray(124, 136)),
    type: String.fromCharCode(bytes[156] as number),
  };
}

/** Octal digits, or, with the first bit set, a binary number (GNU). */
function sizeOf(field: Buffer): number {
  const first = field[0] as number;
  const size = first & 0x80 ? Number(field.readBigUInt64BE(4)) : octal(field);
  if (!Number.isSafeInteger(size) || size < 0) throw damaged('a size is no number');
  return size;
}

function octal(field: Buffer): number {
  const text = cString(field).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text === '' ? '0' : text, 8) : Number.NaN;
}

function cString(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}

/** Records `LENGTH KEY=VALUE LF`; path and size count. */
function parsePax(body: Buffer): Extension {
  let extension: Extension = {};
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space < 0 ? at : space));
    if (!Number.isSafeInteger(length) || length < 5 || at + length > body.length) {
      throw damaged('an extended header has no records');
    }
    const [key = '', ...value] = body.toString('utf8', space + 1, at + length - 1).split('=');
    if (key === 'path') extension = { ...extension, name: value.join('=') };
    if (key === 'size') extension = { ...extension, size: paxSize(value.join('=')) };
    at += length;
  }
  return extension;
}

function paxSize(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw damaged('a size is no number');
  return Number(text);
}

function damaged(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `the tar archive is damaged: ${what}`);
}

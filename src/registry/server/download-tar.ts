// Headers of a tar archive (POSIX.1-2017 pax, ustar interchange format): no owner, no time, mode 0644, so that the same
// files give the same bytes. What ustar has no room for goes into an extended header in front.

const block = 512;

/** Largest size that eleven octal digits can say. */
const maxUstarSize = 0o77777777777;
const maxUstarName = 100;

/** The header of a regular file. `name` is ASCII, relative, at most 255 characters; `size` is bytes. */
export function tarHeader(name: string, size: number): Buffer {
  const records = [
    ...(name.length > maxUstarName ? [paxRecord('path', name)] : []),
    ...(size > maxUstarSize ? [paxRecord('size', String(size))] : []),
  ];
  const plain = ustarHeader(name.slice(-maxUstarName), Math.min(size, maxUstarSize), '0');
  if (records.length === 0) return plain;
  const body = Buffer.from(records.join(''));
  return Buffer.concat([ustarHeader('pax', body.length, 'x'), body, Buffer.alloc(paddingOf(body.length)), plain]);
}

/** Zero bytes behind a file of `size` bytes, up to the next block. */
export function paddingOf(size: number): number {
  return (block - (size % block)) % block;
}

/** What ends an archive. */
export const tarEnd = Buffer.alloc(2 * block);

function ustarHeader(name: string, size: number, type: '0' | 'x'): Buffer {
  const header = Buffer.alloc(block);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  header.write('0000000\0', 329);
  header.write('0000000\0', 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** `LENGTH KEY=VALUE LF`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return `${length}${rest}`;
}

// gzip members (formats.md §15) by a pinned deflate, whose bytes depend on no machine and no version of zlib. Members of a
// fixed size follow each other in one file (RFC 1952 §2.2), so that several threads can make one.

import { crc32 } from 'node:zlib';
import { Deflater } from './deflate/deflate.ts';

/** The encoder whose bytes are promised, and what it is given at a time. */
export const gzip = { id: 'fflate/0.8.3', level: 6, member: 1_048_576 } as const;

/** RFC 1952 §2.3: no name, no time, no extra flags, made on Unix. */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);

let deflater: Deflater | undefined;

/** One member over `raw`, which is no longer than a member: byte for byte fflate's `gzipSync(raw, { level: 6, mtime: 0 })`. */
export function gzipMember(raw: Uint8Array): Uint8Array {
  deflater ??= new Deflater(gzip.member);
  const deflated = deflater.deflate(raw);
  const member = new Uint8Array(head.length + deflated.length + 8);
  member.set(head);
  member.set(deflated, head.length);
  const end = new DataView(member.buffer, head.length + deflated.length);
  end.setUint32(0, crc32(raw), true);
  end.setUint32(4, raw.length, true);
  return member;
}

// OLPC canonical JSON: what TUF keys are named after and what is signed. Implementations differ outside a safe subset
// (floats, large integers, the order of keys beyond ASCII), so anything else is refused before it is signed.

import type { Json } from '../../core/canonical-json.ts';
import { ExportError } from '../../core/errors.ts';

const asciiPattern = /^[\x20-\x7e]+$/;

/** The canonical bytes. Throws INPUT_INVALID, naming the place, for what not every TUF client writes the same way. */
export function olpcBytes(value: unknown): Buffer {
  return Buffer.from(write(value as Json, ''), 'utf8');
}

function write(value: Json | undefined, place: string): string {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw refused(place, 'a string holds a lone surrogate');
      return quoted(value);
    case 'number':
      if (!Number.isSafeInteger(value)) throw refused(place, `${value} is no integer within 2^53`);
      return value === 0 ? '0' : String(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) throw refused(place, 'null is not written the same way by all clients');
      return Array.isArray(value)
        ? `[${value.map((item, at) => write(item, `${place}[${at}]`)).join(',')}]`
        : writeObject(value, place);
    default:
      throw refused(place, `a ${typeof value} has no canonical form`);
  }
}

function writeObject(object: { readonly [name: string]: Json | undefined }, place: string): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) throw refused(place, 'only plain objects can be signed');
  const members = Object.keys(object)
    .sort()
    .map((name) => {
      if (!asciiPattern.test(name)) throw refused(place, `the name ${JSON.stringify(name)} is not printable ASCII`);
      return `${quoted(name)}:${write(object[name], `${place}.${name}`)}`;
    });
  return `{${members.join(',')}}`;
}

/** Only quote and backslash are escaped; control characters stand as they are. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function refused(place: string, why: string): ExportError {
  return new ExportError('INPUT_INVALID', `TUF metadata refused: ${place === '' ? 'it' : place.slice(1)}: ${why}`);
}

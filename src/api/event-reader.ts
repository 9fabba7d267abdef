// Server-sent events (WHATWG HTML §9.2.6), the reading side.

import { ExportError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';

export type ReadEvent = { readonly event: string; readonly id: string | undefined; readonly data: string };

/** The events of a stream of bytes. What stands after the last blank line is an event cut short, and left out. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let fields: { event: string; id: string | undefined; data: string[] } = { event: 'message', id: undefined, data: [] };
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > limits.manifestBytes) throw new ExportError('INPUT_TOO_LARGE', 'an event has no end');
    for (const line of lines) {
      if (line !== '') {
        readField(line, fields);
        continue;
      }
      if (fields.data.length > 0) yield { event: fields.event, id: fields.id, data: fields.data.join('\n') };
      fields = { event: 'message', id: fields.id, data: [] };
    }
  }
}

function readField(line: string, fields: { event: string; id: string | undefined; data: string[] }): void {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (name === 'event') fields.event = value;
  else if (name === 'data') fields.data.push(value);
  else if (name === 'id' && !value.includes('\0')) fields.id = value;
}

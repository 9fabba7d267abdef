// OSV records (ossf.github.io/osv-schema). What is read is checked; what the schema says beyond that is a warning at
// most, because real feeds break it. A document is one record, whose key is the path and whose value is the whole.

import type { Json } from '../core/canonical-json.ts';
import { compareUtf8 } from '../core/order.ts';
import { wholeSeconds } from './instant.ts';
import { canonicalText, parseDocument } from './json-document.ts';
import { objectAt } from './json-members.ts';
import { excerpt, Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';

/** Ids are indexed, and a database index has no room for more. */
const maxIdBytes = 1_024;

/** Parses one OSV document. Throws Refused with the place and the rule. */
export function parseOsv(text: string, path: string): ParsedDocument {
  const { value, warnings: textWarnings } = parseDocument(text);
  const document = objectAt(value, 'the document');
  const warnings = [...textWarnings];
  if (document['id'] === undefined && document['modified'] === undefined) {
    throw new Refused('unknown-format', 'the document has neither id nor modified, so it is no OSV record');
  }
  const id = readId(document['id']);
  const modified = readModified(document['modified'], warnings);
  const ecosystems = readEcosystems(document['affected']);
  return { facts: { id, ecosystems, modified }, records: [{ k: path, v: canonicalText(value) }], warnings };
}

function readId(id: Json | undefined): string {
  if (typeof id !== 'string' || id === '') throw new Refused('wrong-type', 'id is not a text');
  if (Buffer.byteLength(id) > maxIdBytes) throw new Refused('string-too-long', `id is longer than ${maxIdBytes} bytes`);
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(id)) throw new Refused('wrong-type', `id ${excerpt(id)} holds a control character`);
  return id;
}

function readModified(modified: Json | undefined, warnings: string[]): string {
  if (modified === undefined || modified === null) {
    warnings.push('has no modified');
    return '';
  }
  if (typeof modified !== 'string') throw new Refused('wrong-type', 'modified is not a text');
  const seconds = wholeSeconds(modified);
  if (seconds === '') warnings.push(`modified ${excerpt(modified)} is not an RFC 3339 instant`);
  return seconds;
}

/** Distinct ecosystems without their suffix; the suffix may itself hold colons and slashes. */
function readEcosystems(affected: Json | undefined): string[] {
  if (affected === undefined || affected === null) return [];
  if (!Array.isArray(affected)) throw new Refused('wrong-type', 'affected is not a list');
  const found = new Set<string>();
  for (const [index, item] of affected.entries()) {
    const place = `affected[${index}]`;
    const packageValue = objectAt(item, place)['package'];
    if (packageValue === undefined || packageValue === null) continue;
    const ecosystem = objectAt(packageValue, `${place}.package`)['ecosystem'];
    if (ecosystem === undefined || ecosystem === null) continue;
    if (typeof ecosystem !== 'string') throw new Refused('wrong-type', `${place}.package.ecosystem is not a text`);
    const name = ecosystem.split(':', 1)[0] ?? '';
    if (name !== '') found.add(name.replaceAll('\0', ''));
  }
  return [...found].sort(compareUtf8);
}

// Lists of Maven coordinates with the SHA-1 of the archive: tab-separated values (group, artifact, version, classifier,
// SHA-1, as index builders write them) or JSON lines of objects with these members. A list is one document, each of its
// coordinates a record: key = path, group, artifact, version, classifier joined by U+001F, value = their SHA-1.

import type { Json } from '../core/canonical-json.ts';
import { limits } from '../core/limits.ts';
import { canonicalText, checkShape } from './json-document.ts';
import { coordinateParts, coordinatesFault, isSha1, type Coordinates } from './maven-coordinates.ts';
import { excerpt, Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';

/** All records of a document are in memory at once. */
const maxRows = 100_000;
const maxRowDepth = 4;
const separator = '\u001f';
const columns = ['group', 'artifact', 'version', 'classifier', 'sha1'] as const;

type Row = Coordinates & { readonly sha1: string };

/** Parses one list. Throws Refused with the line and the rule. */
export function parseGav(text: string, path: string): ParsedDocument {
  const read = /\.jsonl$/i.test(path) ? readJson : readTabs;
  const byKey = new Map<string, Set<string>>();
  let rows = 0;
  for (const [number, line] of linesOf(text)) {
    const place = `line ${number}`;
    const row = read(line, place);
    if (row === undefined && number === 1) continue;
    if (row === undefined) throw new Refused('bad-line', `${place} has not the five columns ${columns.join(', ')}`);
    if (++rows > maxRows) throw new Refused('too-large', `the list has more than ${maxRows} rows; split it`);
    const k = [path, ...coordinateParts(row)].join(separator);
    checkRow(row, k, place);
    const known = byKey.get(k);
    if (known) known.add(row.sha1);
    else byKey.set(k, new Set([row.sha1]));
  }
  const records = [...byKey].map(([k, sha1]) => ({ k, v: canonicalText({ sha1: [...sha1].sort() }) }));
  return { facts: { id: path, ecosystems: [], modified: '' }, records, warnings: [] };
}

function* linesOf(text: string): Generator<[number, string]> {
  let number = 1;
  for (let start = text.charCodeAt(0) === 0xfeff ? 1 : 0; start < text.length; number++) {
    const lf = text.indexOf('\n', start);
    const end = lf < 0 ? text.length : lf;
    const line = text.slice(start, text[end - 1] === '\r' ? end - 1 : end);
    if (line !== '') yield [number, line];
    start = end + 1;
  }
}

/** Undefined for a line that is no row, which the first one may be: it may name the columns. */
function readTabs(line: string): Row | undefined {
  const fields = line.split('\t');
  const [group = '', artifact = '', version = '', classifier = '', sha1 = ''] = fields;
  if (fields.length !== columns.length || sha1.toLowerCase() === 'sha1') return undefined;
  return { group, artifact, version, classifier, sha1: sha1.toLowerCase() };
}

function readJson(line: string, place: string): Row {
  checkShape(line, maxRowDepth, limits.keyBytes);
  let value: Json;
  try {
    value = JSON.parse(line) as Json;
  } catch (error) {
    throw new Refused('not-json', `${place} is not JSON: ${(error as Error).message}`.toWellFormed());
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Refused('bad-line', `${place} is not an object`);
  }
  return coordinatesOf(value, place);
}

/** The members of a row or of a document about one archive. Throws Refused with the member. */
export function coordinatesOf(value: { readonly [name: string]: Json | undefined }, place: string): Row {
  const [group, artifact, version, classifier, sha1] = columns.map((name) => {
    const member = value[name] ?? (name === 'classifier' ? '' : undefined);
    if (typeof member === 'string') return member;
    throw new Refused('wrong-type', `${place}: ${name} is not a text`);
  }) as [string, string, string, string, string];
  return { group, artifact, version, classifier, sha1: sha1.toLowerCase() };
}

/** Throws Refused unless a row may become a record under `k`. */
export function checkRow(row: Row, k: string, place: string): void {
  if (!isSha1(row.sha1)) throw new Refused('wrong-type', `${place}: ${excerpt(row.sha1)} is no SHA-1`);
  const fault = coordinatesFault(row);
  if (fault !== undefined) throw new Refused('wrong-type', `${place}: the coordinates ${fault}`);
  if (Buffer.byteLength(k) > limits.keyBytes) {
    throw new Refused('wrong-type', `${place}: path and coordinates are longer than ${limits.keyBytes} bytes`);
  }
}

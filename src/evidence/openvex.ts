// OpenVEX documents (openvex/spec, versions 0.2.0, 0.0.1 and the context without a version). A document becomes one header
// record, whose key is the path, and one record for each statement, whose key is the path and, behind U+001F, what the
// statement is about: time stamps and document identifiers change daily in real hubs, statements hardly ever.

import type { Json } from '../core/canonical-json.ts';
import { wholeSeconds } from './instant.ts';
import { canonicalText, parseDocument } from './json-document.ts';
import { objectAt, type JsonObject } from './json-members.ts';
import { PartKeys } from './part-keys.ts';
import { excerpt, Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';

/** Contexts that are read; a document of any other is refused, because statuses would be guessed. */
const contexts = new Set(['https://openvex.dev/ns', 'https://openvex.dev/ns/v0.0.1', 'https://openvex.dev/ns/v0.2.0']);

const statuses = new Set(['not_affected', 'affected', 'fixed', 'under_investigation']);

/** Parses one OpenVEX document. Throws Refused with the place and the rule. */
export function parseOpenVex(text: string, path: string): ParsedDocument {
  const { value, warnings: textWarnings } = parseDocument(text);
  const document = objectAt(value, 'the document');
  const context = document['@context'];
  if (typeof context !== 'string' || !contexts.has(context)) {
    throw new Refused('unknown-format', `the document is no OpenVEX of ${[...contexts].join(', ')}`);
  }
  const { statements, ...header } = document;
  if (!Array.isArray(statements)) throw new Refused('wrong-type', 'statements is not a list');
  const keys = new PartKeys(path);
  const warnings = [...textWarnings];
  const modified = readModified(document, warnings);
  const records = statements.map((statement, index) => {
    const place = `statements[${index}]`;
    const about = subjectOf(objectAt(statement, place), place);
    return { k: keys.keyOf(about), v: canonicalText(statement) };
  });
  const id = typeof document['@id'] === 'string' ? document['@id'] : path;
  return {
    facts: { id: id.slice(0, 1_000).toWellFormed(), ecosystems: [], modified },
    records: [{ k: path, v: canonicalText(header) }, ...records],
    warnings,
  };
}

/** The vulnerability's name and the products: a statement about the same would replace it. */
function subjectOf(statement: JsonObject, place: string): Json {
  const { status, products } = statement;
  if (typeof status !== 'string' || !statuses.has(status)) {
    const shown = typeof status === 'string' ? excerpt(status) : 'no text';
    throw new Refused('wrong-type', `${place}.status is ${shown}, not one of ${[...statuses].join(', ')}`);
  }
  const vulnerability = vulnerabilityName(statement['vulnerability'], place);
  if (products !== undefined && products !== null && !Array.isArray(products)) {
    throw new Refused('wrong-type', `${place}.products is not a list`);
  }
  return { products: products ?? [], vulnerability };
}

/** In version 0.0.1 a text; some documents have an identifier alone. */
function vulnerabilityName(vulnerability: Json | undefined, place: string): string {
  const name = typeof vulnerability === 'string' ? vulnerability : namedOf(vulnerability);
  if (typeof name === 'string' && name !== '') return name;
  throw new Refused('wrong-type', `${place}.vulnerability has no name`);
}

function namedOf(vulnerability: Json | undefined): Json | undefined {
  if (vulnerability === null || typeof vulnerability !== 'object' || Array.isArray(vulnerability)) return undefined;
  return vulnerability['name'] ?? vulnerability['@id'];
}

function readModified(document: JsonObject, warnings: string[]): string {
  const stamp = document['last_updated'] ?? document['timestamp'];
  const seconds = typeof stamp === 'string' ? wholeSeconds(stamp) : '';
  if (seconds === '') warnings.push('has no timestamp that is an RFC 3339 instant');
  return seconds;
}

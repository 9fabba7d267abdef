// OpenVEX documents (openvex/spec, versions 0.2.0, 0.0.1 and the context without a version). A document becomes one header
// record, whose key is the path, and one record for each statement, whose key is the path and, behind U+001F, what the
// statement is about: time stamps and document identifiers change daily in real hubs, statements hardly ever.

import { hash } from 'node:crypto';
import type { Json } from '../core/canonical-json.ts';
import { limits } from '../core/limits.ts';
import { wholeSeconds } from './instant.ts';
import { canonicalText, parseDocument } from './json-document.ts';
import { excerpt, Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';

type JsonObject = { readonly [key: string]: Json | undefined };

/** Contexts that are read; a document of any other is refused, because statuses would be guessed. */
const contexts = new Set(['https://openvex.dev/ns', 'https://openvex.dev/ns/v0.0.1', 'https://openvex.dev/ns/v0.2.0']);

const statuses = new Set(['not_affected', 'affected', 'fixed', 'under_investigation']);

/** Between the path and what a statement is about. */
const separator = '\u001f';

/** Room for the separator, the digits, and the number of a repeated statement. */
const statementKeyBytes = 48;

/** Parses one OpenVEX document. Throws Refused with the place and the rule. */
export function parseOpenVex(text: string, path: string): ParsedDocument {
  const { value, warnings: textWarnings } = parseDocument(text);
  const document = asObject(value, 'the document');
  const context = document['@context'];
  if (typeof context !== 'string' || !contexts.has(context)) {
    throw new Refused('unknown-format', `the document is no OpenVEX of ${[...contexts].join(', ')}`);
  }
  const { statements, ...header } = document;
  if (!Array.isArray(statements)) throw new Refused('wrong-type', 'statements is not a list');
  if (Buffer.byteLength(path) > limits.keyBytes - statementKeyBytes) {
    throw new Refused(
      'bad-path',
      `the path leaves no room for statement keys: at most ${limits.keyBytes - statementKeyBytes} bytes`,
    );
  }
  const warnings = [...textWarnings];
  const modified = readModified(document, warnings);
  const keys = new Map<string, number>();
  const records = statements.map((statement, index) => {
    const key = statementKey(asObject(statement, `statements[${index}]`), `statements[${index}]`);
    const seen = (keys.get(key) ?? 0) + 1;
    keys.set(key, seen);
    return { k: `${path}${separator}${key}${seen === 1 ? '' : `-${seen}`}`, v: canonicalText(statement) };
  });
  const id = typeof document['@id'] === 'string' ? document['@id'] : path;
  return {
    facts: { id: id.slice(0, 1_000), ecosystems: [], modified },
    records: [{ k: path, v: canonicalText(header) }, ...records],
    warnings,
  };
}

/** 32 hex digits over the vulnerability's name and the products, which is what a later statement would replace. */
function statementKey(statement: JsonObject, place: string): string {
  const { status, products } = statement;
  if (typeof status !== 'string' || !statuses.has(status)) {
    const shown = typeof status === 'string' ? excerpt(status) : 'no text';
    throw new Refused('wrong-type', `${place}.status is ${shown}, not one of ${[...statuses].join(', ')}`);
  }
  const vulnerability = vulnerabilityName(statement['vulnerability'], place);
  if (products !== undefined && products !== null && !Array.isArray(products)) {
    throw new Refused('wrong-type', `${place}.products is not a list`);
  }
  return hash('sha256', canonicalText({ products: products ?? [], vulnerability })).slice(0, 32);
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

function asObject(value: Json, place: string): JsonObject {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  throw new Refused('wrong-type', `${place} is not an object`);
}

// The document that stands in the evidence for a whole database of somebody else (docs/formats.md, "Databases taken in"): where it came from,
// what it holds, and where its rows lie as shards. The rows themselves never go into the database of this program.

import type { Json } from '../core/canonical-json.ts';
import { isDigest, type Digest } from '../core/digest.ts';
import { displayText } from './document-path.ts';
import { wholeSeconds } from './instant.ts';
import { canonicalText, parseDocument } from './json-document.ts';
import { Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';

/** Formats whose documents are databases; each is a collection of one pointer. */
export const databaseFormats = ['trivy-db', 'trivy-java-db'] as const;

export type DatabaseFormat = (typeof databaseFormats)[number];

/** How a database came here. A registry is named, with what its tag meant; folders and files are not. */
export type DatabaseOrigin =
  | { readonly kind: 'registry'; readonly reference: string; readonly manifestDigest: Digest }
  | { readonly kind: 'layout'; readonly manifestDigest: Digest }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file' };

export type DatabasePointer = {
  readonly schema: 1;
  readonly format: DatabaseFormat;
  readonly origin: DatabaseOrigin;
  /** Of the layer, or of the file that was given. */
  readonly layerDigest: Digest;
  /** What the `metadata.json` beside the database says; absent where there is none. */
  readonly metadata?: { readonly version: number; readonly updatedAt: string; readonly nextUpdate?: string };
  readonly state: { readonly setRoot: Digest; readonly records: number };
  /** The OCI index over the base manifests in the tenant's registry. */
  readonly shards: { readonly repository: string; readonly digest: Digest };
  /** Rows of the original that have no form here, by reason. */
  readonly leftOut: readonly { readonly code: string; readonly count: number }[];
};

export function isDatabaseFormat(format: string): format is DatabaseFormat {
  return (databaseFormats as readonly string[]).includes(format);
}

/** Whether `from` names documents in lines and no database; lines that delete take a pointer away again. */
export function isPointerLines(from: string): boolean {
  return /\.jsonl(?:\.gz)?$/i.test(from);
}

/** The path of the one document that a source has in this format. */
export function pointerPath(format: DatabaseFormat): string {
  return `${format}.json`;
}

/** What the parser of `format` makes of a pointer: one record that is the whole document. */
export function pointerParser(format: DatabaseFormat): (text: string, path: string) => ParsedDocument {
  return (text, path) => {
    const { value, warnings } = parseDocument(text);
    const pointer = readPointer(value);
    if (pointer.format !== format) throw new Refused('wrong-type', `the document points to a ${pointer.format}`);
    const modified = wholeSeconds(pointer.metadata?.updatedAt ?? '');
    const facts = { id: pointer.layerDigest, ecosystems: [], modified };
    return { facts, records: [{ k: path, v: canonicalText(value) }], warnings };
  };
}

/** The pointer that a stored document is. Throws Refused `wrong-type` with the member. */
export function parsePointer(text: string): DatabasePointer {
  return readPointer(parseDocument(text).value);
}

function readPointer(value: Json): DatabasePointer {
  const fields = objectOf(value, 'the document');
  const { schema, format } = fields;
  if (schema !== 1 || typeof format !== 'string' || !isDatabaseFormat(format)) {
    throw new Refused('unknown-format', 'the document is no pointer to a database');
  }
  const origin = objectOf(fields['origin'], 'origin');
  textOf(origin['kind'], 'origin.kind');
  digestOf(fields['layerDigest'], 'layerDigest');
  const state = objectOf(fields['state'], 'state');
  digestOf(state['setRoot'], 'state.setRoot');
  if (!Number.isSafeInteger(state['records'])) throw wrong('state.records', 'a count');
  const shards = objectOf(fields['shards'], 'shards');
  textOf(shards['repository'], 'shards.repository');
  digestOf(shards['digest'], 'shards.digest');
  if (fields['metadata'] !== undefined) {
    textOf(objectOf(fields['metadata'], 'metadata')['updatedAt'], 'metadata.updatedAt');
  }
  if (!Array.isArray(fields['leftOut'])) throw wrong('leftOut', 'a list');
  return fields as unknown as DatabasePointer;
}

type Fields = { readonly [name: string]: Json | undefined };

function objectOf(value: Json | undefined, place: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw wrong(place, 'an object');
}

function textOf(value: Json | undefined, place: string): void {
  if (typeof value !== 'string') throw wrong(place, 'a text');
}

function digestOf(value: Json | undefined, place: string): void {
  if (typeof value !== 'string' || !isDigest(value)) throw wrong(place, 'a digest');
}

function wrong(place: string, what: string): Refused {
  return new Refused('wrong-type', `${displayText(place)} is not ${what}`);
}

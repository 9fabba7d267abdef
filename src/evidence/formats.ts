// The formats that can be ingested, by name. A name is the first component of every collection of its documents.

import { ExportError } from '../core/errors.ts';
import { parseCycloneDx } from './cyclonedx.ts';
import { databaseFormats, pointerParser } from './database-pointer.ts';
import { parseGav } from './gav.ts';
import { parseJarFacts } from './jar-facts.ts';
import { parseOpenVex } from './openvex.ts';
import { parseOsv } from './osv.ts';
import { parseSpdx } from './spdx.ts';
import { jsonFiles, listFiles, type FileKind } from './sources/file-kind.ts';
import { jarFiles } from './sources/jar-files.ts';
import type { ParsedDocument } from './types.ts';

/** Turns the text of one document into facts and records; throws Refused. */
export type DocumentParser = (text: string, path: string) => ParsedDocument;

const parsers = new Map<string, DocumentParser>([
  ['cyclonedx', parseCycloneDx],
  ['gav', parseGav],
  ['jars', parseJarFacts],
  ['osv', parseOsv],
  ['spdx', parseSpdx],
  ...databaseFormats.map((format) => [format, pointerParser(format)] as const),
  ['openvex', parseOpenVex],
]);

/** Formats whose files are not JSON documents. */
const fileKinds = new Map<string, FileKind>([
  ['gav', listFiles],
  ['jars', jarFiles],
]);

/** The parser of format `name`; throws USAGE with the names that are known. */
export function parserOf(name: string): DocumentParser {
  const parser = parsers.get(name);
  if (parser !== undefined) return parser;
  throw new ExportError('USAGE', `unknown format ${JSON.stringify(name.slice(0, 100))}`, {
    hint: `known formats: ${[...parsers.keys()].join(', ')}`,
  });
}

/** Which files are documents of format `name`. */
export function fileKindOf(name: string): FileKind {
  return fileKinds.get(name) ?? jsonFiles;
}

export function formatNames(): readonly string[] {
  return [...parsers.keys()];
}

// What is known of one Java archive: `{artifact, classifier?, group, sha1, version}`. The archives themselves never come in:
// the reader of folders hashes them and writes this (sources/jar-files.ts). One document is one record.

import { canonicalText, parseDocument } from './json-document.ts';
import { checkRow, coordinatesOf } from './gav.ts';
import { Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';

/** Parses one document. Throws Refused with the member and the rule. */
export function parseJarFacts(text: string, path: string): ParsedDocument {
  const { value, warnings } = parseDocument(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Refused('wrong-type', 'the document is not an object');
  }
  const { classifier, ...row } = coordinatesOf(value, 'the archive');
  checkRow({ ...row, classifier }, path, 'the archive');
  const v = canonicalText(classifier === '' ? row : { ...row, classifier });
  return { facts: { id: row.sha1, ecosystems: [], modified: '' }, records: [{ k: path, v }], warnings };
}

// SPDX documents in JSON, versions 2.2 and 2.3. A document becomes one header record, which is everything but the packages, and
// one record for each package: key = path and, behind U+001F, what the package is.

import type { Json } from '../core/canonical-json.ts';
import { wholeSeconds } from './instant.ts';
import { canonicalText, parseDocument } from './json-document.ts';
import { listAt, objectAt, type JsonObject } from './json-members.ts';
import { PartKeys } from './part-keys.ts';
import { excerpt, Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';

const versions = new Set(['SPDX-2.2', 'SPDX-2.3']);

/** Parses one document. Throws Refused with the place and the rule. */
export function parseSpdx(text: string, path: string): ParsedDocument {
  const { value, warnings } = parseDocument(text);
  const document = objectAt(value, 'the document');
  const { packages, ...header } = document;
  checkVersion(header);
  const keys = new PartKeys(path);
  const records = listAt(packages, 'packages').map((item, index) => {
    const place = `packages[${index}]`;
    const part = objectAt(item, place);
    return { k: keys.keyOf(identityOf(part, place)), v: canonicalText(part) };
  });
  const { creationInfo, documentNamespace } = header;
  const created = creationInfo === undefined ? undefined : objectAt(creationInfo, 'creationInfo')['created'];
  const modified = typeof created === 'string' ? wholeSeconds(created) : '';
  const id = typeof documentNamespace === 'string' && documentNamespace !== '' ? documentNamespace : path;
  return {
    facts: { id: id.slice(0, 200).toWellFormed(), ecosystems: [], modified },
    records: [{ k: path, v: canonicalText(header) }, ...records],
    warnings: [...warnings, ...(modified === '' ? ['has no creationInfo.created that is an RFC 3339 instant'] : [])],
  };
}

function checkVersion({ spdxVersion, '@context': context }: JsonObject): void {
  if (typeof spdxVersion === 'string' && versions.has(spdxVersion)) return;
  if (context !== undefined)
    throw new Refused('unknown-format', 'the document is SPDX 3 or other JSON-LD; SPDX 2 is read');
  const shown = typeof spdxVersion === 'string' ? excerpt(spdxVersion) : 'no text';
  throw new Refused('unknown-format', `spdxVersion is ${shown}, not one of ${[...versions].join(', ')}`);
}

/** The package URL, else name and version: identifiers inside of documents change with every build. */
function identityOf(part: JsonObject, place: string): Json {
  const { name, versionInfo, externalRefs } = part;
  if (typeof name !== 'string' || name === '') throw new Refused('wrong-type', `${place} has no name`);
  for (const [index, item] of listAt(externalRefs, `${place}.externalRefs`).entries()) {
    const { referenceType, referenceLocator } = objectAt(item, `${place}.externalRefs[${index}]`);
    if (referenceType === 'purl' && typeof referenceLocator === 'string') return referenceLocator;
  }
  return [name, typeof versionInfo === 'string' ? versionInfo : ''];
}

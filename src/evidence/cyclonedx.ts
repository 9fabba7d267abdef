// CycloneDX documents in JSON, versions 1.2 to 1.7 (ECMA-424; earlier ones exist as XML alone). A document becomes one header
// record, which is everything but the components, and one record for each component, nested ones too, without those that
// lie in it: key = path and, behind U+001F, what the component is. Identifiers of documents and references change with
// every build, components hardly ever.

import type { Json } from '../core/canonical-json.ts';
import { wholeSeconds } from './instant.ts';
import { canonicalText, parseDocument } from './json-document.ts';
import { listAt, objectAt, type JsonObject } from './json-members.ts';
import { PartKeys } from './part-keys.ts';
import { excerpt, Refused } from './refused.ts';
import type { ParsedDocument } from './types.ts';
type Part = { readonly k: string; readonly v: string };

const specVersions = new Set(['1.2', '1.3', '1.4', '1.5', '1.6', '1.7']);
const maxComponents = 200_000;

/** Parses one document. Throws Refused with the place and the rule. */
export function parseCycloneDx(text: string, path: string): ParsedDocument {
  if (/^\ufeff?\s*</.test(text)) {
    throw new Refused('unknown-format', 'the document is XML; of CycloneDX the JSON form is read, convert it first');
  }
  const { value, warnings } = parseDocument(text);
  const document = objectAt(value, 'the document');
  const { bomFormat, specVersion, components, ...rest } = document;
  if (bomFormat !== 'CycloneDX') throw new Refused('unknown-format', 'bomFormat is not "CycloneDX"');
  if (typeof specVersion !== 'string' || !specVersions.has(specVersion)) {
    const shown = typeof specVersion === 'string' ? excerpt(specVersion) : 'no text';
    throw new Refused('unknown-format', `specVersion is ${shown}, not one of ${[...specVersions].join(', ')}`);
  }
  const { modified, id, notes } = readFacts(document, path);
  const header = { k: path, v: canonicalText({ ...rest, bomFormat, specVersion }) };
  const records = new Components(path).add(components, 'components');
  return { facts: { id, ecosystems: [], modified }, records: [header, ...records], warnings: [...warnings, ...notes] };
}

function readFacts(document: JsonObject, path: string): { modified: string; id: string; notes: string[] } {
  const { serialNumber, metadata } = document;
  const timestamp =
    metadata === undefined || metadata === null ? undefined : objectAt(metadata, 'metadata')['timestamp'];
  const modified = typeof timestamp === 'string' ? wholeSeconds(timestamp) : '';
  const id = typeof serialNumber === 'string' && serialNumber !== '' ? serialNumber.slice(0, 200).toWellFormed() : path;
  return { modified, id, notes: modified === '' ? ['has no metadata.timestamp that is an RFC 3339 instant'] : [] };
}

class Components {
  readonly #keys: PartKeys;
  readonly #records: Part[] = [];

  constructor(path: string) {
    this.#keys = new PartKeys(path);
  }

  /** Adds a list and what lies in its members; `place` says where it stands. */
  add(list: Json | undefined, place: string): Part[] {
    for (const [index, item] of listAt(list, place).entries()) {
      if (this.#records.length === maxComponents) {
        throw new Refused('too-large', `the document has more than ${maxComponents} components`);
      }
      const where = `${place}[${index}]`;
      const { components, ...component } = objectAt(item, where);
      this.#records.push({ k: this.#keyOf(component, where), v: canonicalText(component) });
      this.add(components, `${where}.components`);
    }
    return this.#records;
  }

  /** By the package URL, else by type, group, name and version. */
  #keyOf(component: JsonObject, place: string): string {
    const [purl = '', type = '', group = '', name = '', version = ''] = [
      'purl',
      'type',
      'group',
      'name',
      'version',
    ].map((member) => textOf(component[member], `${place}.${member}`));
    if (name === '') throw new Refused('wrong-type', `${place} has no name`);
    return this.#keys.keyOf(purl === '' ? [type, group, name, version] : purl);
  }
}

function textOf(value: Json | undefined, place: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new Refused('wrong-type', `${place} is not a text`);
}

// What is read of an OSV record (ossf.github.io/osv-schema). Records were checked at the edge for what ingest needs, no
// more, so every member may still be of any type: what is not as the schema says counts as absent.

import type { Json } from '../../../core/canonical-json.ts';

export type JsonObject = { readonly [key: string]: Json | undefined };

export type OsvEvent = { readonly kind: 'introduced' | 'fixed' | 'last_affected' | 'limit'; readonly version: string };

export type OsvSeverity = { readonly type: string; readonly score: string };

export type OsvAffected = {
  readonly ecosystem: string;
  readonly name: string;
  readonly purl: string;
  /** Of types SEMVER and ECOSYSTEM, in the record's order. */
  readonly ranges: readonly (readonly OsvEvent[])[];
  readonly hasGitRange: boolean;
  readonly versions: readonly string[];
  readonly severity: readonly OsvSeverity[];
  readonly ecosystemSpecific: JsonObject;
  readonly databaseSpecific: JsonObject;
};

export type OsvDocument = {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly upstream: readonly string[];
  readonly related: readonly string[];
  readonly withdrawn: string;
  readonly published: string;
  readonly modified: string;
  readonly summary: string;
  readonly details: string;
  readonly severity: readonly OsvSeverity[];
  readonly references: readonly string[];
  readonly affected: readonly OsvAffected[];
  readonly databaseSpecific: JsonObject;
};

export function readOsv(value: Json): OsvDocument {
  const record = objectOf(value);
  return {
    id: textOf(record['id']),
    aliases: textsOf(record['aliases']),
    upstream: textsOf(record['upstream']),
    related: textsOf(record['related']),
    withdrawn: textOf(record['withdrawn']),
    published: textOf(record['published']),
    modified: textOf(record['modified']),
    summary: textOf(record['summary']),
    details: textOf(record['details']),
    severity: severitiesOf(record['severity']),
    references: listOf(record['references'])
      .map((item) => textOf(objectOf(item)['url']))
      .filter(isText),
    affected: listOf(record['affected']).map(affectedOf),
    databaseSpecific: objectOf(record['database_specific']),
  };
}

/** Far above real names; what reads them may take time that grows faster than they do. */
const mostNameChars = 1_000;

function affectedOf(value: Json): OsvAffected {
  const entry = objectOf(value);
  const of = objectOf(entry['package']);
  const ranges = listOf(entry['ranges']).map(objectOf);
  const isGit = (range: JsonObject) => range['type'] === 'GIT';
  return {
    ecosystem: textOf(of['ecosystem']).slice(0, mostNameChars),
    name: textOf(of['name']),
    purl: textOf(of['purl']),
    ranges: ranges.filter((range) => !isGit(range)).map((range) => listOf(range['events']).flatMap(eventsOf)),
    hasGitRange: ranges.some(isGit),
    versions: textsOf(entry['versions']),
    severity: severitiesOf(entry['severity']),
    ecosystemSpecific: objectOf(entry['ecosystem_specific']),
    databaseSpecific: objectOf(entry['database_specific']),
  };
}

function eventsOf(value: Json): OsvEvent[] {
  const event = objectOf(value);
  const kinds = ['introduced', 'fixed', 'last_affected', 'limit'] as const;
  return kinds.map((kind) => ({ kind, version: textOf(event[kind]) })).filter(({ version }) => version !== '');
}

function severitiesOf(value: Json | undefined): OsvSeverity[] {
  const items = listOf(value).map(objectOf);
  return items
    .map((item) => ({ type: textOf(item['type']), score: textOf(item['score']) }))
    .filter(({ type, score }) => type !== '' && score !== '');
}

export function objectOf(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function textsOf(value: Json | undefined): string[] {
  return listOf(value).map(textOf).filter(isText);
}

function isText(text: string): boolean {
  return text !== '';
}

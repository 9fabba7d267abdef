// The documents of a sharded bundle (formats.md §5, §6, §7): base config, export manifest, delta config. Read strictly.

import type { Json } from '../../core/canonical-json.ts';
import { isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { RecordKey } from '../../core/order.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import { chunker } from '../../shard/chunker.ts';
import { encoder, encoderId } from '../../shard/encode.ts';
import type { BucketRow, Rebuilds } from '../database/documents.ts';

export const chunkerFacts = { id: chunker.id, average: chunker.average };
export const encoderFacts = { id: encoderId, shardLevel: encoder.shardLevel, journalLevel: encoder.journalLevel };

/** One shard: its first key, and digest and size of its raw lines. */
export type ShardRow = RecordKey & { readonly records: number; readonly raw: Digest; readonly size: number };

export type BaseConfig = {
  readonly schema: 1;
  readonly chunker: typeof chunkerFacts;
  readonly encoder: typeof encoderFacts;
  readonly shards: readonly ShardRow[];
};

/** The changes between two set roots; `parts` counts its layers. */
export type JournalRow = {
  readonly from: Digest;
  readonly to: Digest;
  readonly puts: number;
  readonly dels: number;
  readonly parts: number;
};

export type SourceRow = { readonly source: string; readonly licence?: string; readonly attribution?: string };

/** What cannot be computed from an older bundle and the changes; a delta's config carries it. */
export type HeadFields = {
  readonly profile: { readonly name: string; readonly kind: string; readonly revision: Digest };
  readonly scope: { readonly [selector: string]: Json | undefined };
  readonly state: { readonly setRoot: Digest; readonly records: number; readonly created: string };
  readonly leftOut: readonly { readonly code: string; readonly count: number }[];
  readonly sources: readonly SourceRow[];
  readonly inputsHash: Digest;
  readonly policyVersion: Digest | null;
  /** Of the mirror of a database: the artifact that its rows make, and where they came from. */
  readonly rebuilds?: Rebuilds;
  readonly buckets?: readonly BucketRow[];
};

export type ExportManifest = HeadFields & {
  readonly schema: 1;
  readonly bases: readonly Digest[];
  readonly journals: readonly JournalRow[];
  readonly previous: Digest | null;
  readonly encoder: typeof encoderFacts;
  readonly chunker: typeof chunkerFacts;
};

export type DeltaConfig = {
  readonly schema: 1;
  /** Index digests. */
  readonly target: Digest;
  readonly from: Digest | null;
  /** `previous` stands here only where it is not `from`: in a delta that spans several exports. */
  readonly head: HeadFields & { readonly previous?: Digest };
  /** Set roots, one pair for each layer. */
  readonly patches: readonly { readonly from: Digest; readonly to: Digest }[];
};

/** True when this runtime writes the very bytes that the bundle's encoder and chunker write. */
export function canDerive(facts: Pick<ExportManifest, 'encoder' | 'chunker'>): boolean {
  const { encoder: e, chunker: c } = facts;
  return (
    encoder.id === encoderId &&
    e.id === encoderFacts.id &&
    e.shardLevel === encoderFacts.shardLevel &&
    e.journalLevel === encoderFacts.journalLevel &&
    c.id === chunkerFacts.id &&
    c.average === chunkerFacts.average
  );
}

export function parseBaseConfig(bytes: Buffer): BaseConfig {
  const place = 'base config';
  const value = parseObject(bytes, place);
  for (const row of listOf(value, 'shards', place)) {
    texts(row, ['c', 'k'], place);
    counts(row, ['records', 'size'], place);
    digests(row, ['raw'], place);
  }
  return value as unknown as BaseConfig;
}

export function parseExportManifest(bytes: Buffer): ExportManifest {
  const place = 'export manifest';
  const value = parseObject(bytes, place);
  checkHead(value, place);
  for (const row of listOf(value, 'journals', place)) {
    digests(row, ['from', 'to'], place);
    counts(row, ['puts', 'dels', 'parts'], place);
  }
  if (value['previous'] !== null) digests(value, ['previous'], place);
  objectOf(value['encoder'], place, 'encoder');
  objectOf(value['chunker'], place, 'chunker');
  if (!Array.isArray(value['bases']) || !value['bases'].every((base) => typeof base === 'string' && isDigest(base))) {
    throw refused(place, 'bases is not a list of digests');
  }
  return value as unknown as ExportManifest;
}

export function parseDeltaConfig(bytes: Buffer): DeltaConfig {
  const place = 'delta config';
  const value = parseObject(bytes, place);
  digests(value, ['target'], place);
  if (value['from'] !== null) digests(value, ['from'], place);
  checkHead(objectOf(value['head'], place, 'head'), place);
  for (const row of listOf(value, 'patches', place)) digests(row, ['from', 'to'], place);
  return value as unknown as DeltaConfig;
}

/** The head fields of an export manifest, without what is computed. */
export function headFieldsOf(manifest: HeadFields): HeadFields {
  const { profile, scope, state, leftOut, sources, inputsHash, policyVersion, rebuilds, buckets } = manifest;
  const database = { ...(rebuilds ? { rebuilds } : {}), ...(buckets ? { buckets } : {}) };
  return { profile, scope, state, leftOut, sources, inputsHash, policyVersion, ...database };
}

type Fields = Record<string, unknown>;

function checkHead(value: Fields, place: string): void {
  texts(objectOf(value['profile'], place, 'profile'), ['name', 'kind', 'revision'], place);
  objectOf(value['scope'], place, 'scope');
  const state = objectOf(value['state'], place, 'state');
  digests(state, ['setRoot'], place);
  counts(state, ['records'], place);
  texts(state, ['created'], place);
  digests(value, ['inputsHash'], place);
  listOf(value, 'leftOut', place);
  listOf(value, 'sources', place);
  if (value['rebuilds'] !== undefined) checkRebuilds(objectOf(value['rebuilds'], place, 'rebuilds'), place);
}

function checkRebuilds(value: Fields, place: string): void {
  texts(value, ['reference', 'kind', 'writer', 'nextUpdate'], place);
  digests(value, ['manifestDigest', 'layerDigest'], place);
  const gzip = objectOf(value['gzip'], place, 'gzip');
  texts(gzip, ['id'], place);
  counts(gzip, ['level', 'member'], place);
  const reference = value['reference'] as string;
  if (isRepositoryName(reference) && !reference.includes('/')) return;
  throw refused(place, 'rebuilds.reference is not the name of a repository beside it');
}

function parseObject(bytes: Buffer, place: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw refused(place, 'it is not JSON', cause);
  }
  const fields = objectOf(value, place, 'it');
  if (fields['schema'] !== 1) throw refused(place, `schema ${String(fields['schema'])} is not known here`);
  return fields;
}

function objectOf(value: unknown, place: string, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw refused(place, `${name} is not an object`);
}

function listOf(value: Fields, name: string, place: string): Fields[] {
  const list = value[name];
  if (!Array.isArray(list)) throw refused(place, `${name} is not a list`);
  return list.map((item) => objectOf(item, place, `an item of ${name}`));
}

function texts(value: Fields, names: readonly string[], place: string): void {
  for (const name of names) if (typeof value[name] !== 'string') throw refused(place, `${name} is not a text`);
}

function digests(value: Fields, names: readonly string[], place: string): void {
  for (const name of names) {
    const text = value[name];
    if (typeof text !== 'string' || !isDigest(text)) throw refused(place, `${name} is not a digest`);
  }
}

function counts(value: Fields, names: readonly string[], place: string): void {
  for (const name of names) {
    const number = value[name];
    if (!Number.isSafeInteger(number) || (number as number) < 0) throw refused(place, `${name} is not a count`);
  }
}

function refused(place: string, what: string, cause?: unknown): ExportError {
  return new ExportError('VERIFICATION_FAILED', `${place} refused: ${what}`, cause === undefined ? {} : { cause });
}

// Reads a sharded bundle out of any repository: manifests and configs at once, records as streams. Every cross
// reference of formats.md §5 is checked, so that what is read is what was composed.

import { isDeepStrictEqual } from 'node:util';
import { digestOf, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { isIndex, parseManifest } from '../../oci/manifest.ts';
import type { ImageManifest, Manifest, StoredManifest } from '../../oci/manifest.ts';
import { artifactTypes } from '../../oci/media-types.ts';
import type { RepositoryReader } from '../../oci/repository.ts';
import { decode } from '../../shard/encode.ts';
import { frameLimit, readJournal } from '../../shard/journal.ts';
import { linesOf, parseRawLine, parseShardLine, type ChangeRecord, type StateLine } from '../../shard/line.ts';
import { applyChanges, mergeJournals } from '../../shard/merge.ts';
import { composeBases, composeBundle, plainBundle } from './compose.ts';
import type { Base, Journal, ShardedBundle, SmallBlob, StoredShard } from './compose.ts';
import { chunkerFacts, encoderFacts, parseBaseConfig, parseExportManifest } from './documents.ts';
import type { ExportManifest, ShardRow } from './documents.ts';
import { fromPlain, plainTypeOf } from './plain.ts';

/** Reads manifests and configs of the bundle that `index` is; no layer is touched. */
export async function readBundle(repository: RepositoryReader, index: StoredManifest): Promise<ShardedBundle> {
  const parsed = parseManifest(index.bytes, index.descriptor.mediaType);
  if (!isIndex(parsed) || !isSharded(parsed)) {
    throw new ExportError(
      'INPUT_INVALID',
      `${repository.name}@${index.descriptor.digest} is not a mirror or json bundle`,
      {
        hint: 'give the reference of a mirror:full or json:raw bundle, such as …/mirror:latest',
      },
    );
  }
  const children: StoredManifest[] = [];
  for (const child of parsed.manifests) children.push(await fetchManifest(repository, child.digest));
  if (plainTypeOf(parsed) === undefined) return assemble(repository, index, children);
  const own = fromPlain(index, children);
  return plainBundle(await assemble(repository, own.index, own.manifests));
}

async function assemble(
  repository: RepositoryReader,
  index: StoredManifest,
  children: readonly StoredManifest[],
): Promise<ShardedBundle> {
  const head = children.at(-1);
  if (head === undefined) throw refused('the index has no head');
  const bases: Base[] = [];
  for (const manifest of children.slice(0, -1)) bases.push(await readBase(repository, manifest));
  return readHead(repository, index, head, bases);
}

/** Whether a manifest is the index of a bundle that this room reads, in whichever encoding. */
export function isSharded(manifest: Manifest): boolean {
  const type = manifest.artifactType ?? plainTypeOf(manifest);
  return isIndex(manifest) && (type === artifactTypes.mirrorFull || type === artifactTypes.jsonRaw);
}

export function isRaw(bundle: Pick<ShardedBundle, 'index'>): boolean {
  const { bytes, descriptor } = bundle.index;
  return parseManifest(bytes, descriptor.mediaType).artifactType === artifactTypes.jsonRaw;
}

async function fetchManifest(repository: RepositoryReader, digest: Digest): Promise<StoredManifest> {
  const manifest = await repository.manifest(digest);
  if (manifest) return manifest;
  throw new ExportError('NOT_FOUND', `${repository.name} has no manifest ${digest}`);
}

function imageOf({ bytes, descriptor }: StoredManifest, artifactType: string): ImageManifest {
  const manifest = parseManifest(bytes, descriptor.mediaType);
  if (isIndex(manifest) || manifest.artifactType !== artifactType) throw refused(`a child is not a ${artifactType}`);
  return manifest;
}

/** One base manifest with its config. */
export async function readBase(repository: RepositoryReader, manifest: StoredManifest): Promise<Base> {
  const image = imageOf(manifest, artifactTypes.mirrorBase);
  const config = await readSmall(repository, image.config);
  const { shards } = parseBaseConfig(config.bytes);
  if (shards.length !== image.layers.length) throw refused('a base has another number of layers than shards');
  const stored = shards.map((row, at): StoredShard => ({ row, layer: image.layers[at] as Descriptor }));
  return { manifest, config, shards: stored };
}

async function readHead(
  repository: RepositoryReader,
  index: StoredManifest,
  head: StoredManifest,
  bases: readonly Base[],
): Promise<ShardedBundle> {
  const image = imageOf(head, artifactTypes.mirrorHead);
  const config = await readSmall(repository, image.config);
  const exportManifest = parseExportManifest(config.bytes);
  if (exportManifest.bases.join() !== bases.map(({ manifest }) => manifest.descriptor.digest).join()) {
    throw refused('the export manifest names other bases than the index');
  }
  const [first, ...layers] = image.layers;
  if (first === undefined) throw refused('the head has no README');
  const readme = await readSmall(repository, first);
  const journals: Journal[] = [];
  let at = 0;
  for (const row of exportManifest.journals) {
    journals.push({ row, layers: layers.slice(at, at + row.parts) });
    at += row.parts;
  }
  if (at !== layers.length) throw refused('the head has another number of layers than journal parts');
  checkChain(exportManifest.journals, exportManifest.state.setRoot);
  const bundle = { index, bases, head, exportManifest, config, readme, journals };
  checkComposition(bundle);
  return bundle;
}

/**
 * Composes the bundle anew out of what was read: annotations, titles, configs and their spelling must be those of the
 * format, byte for byte. A bundle of another encoder or chunker is read without that.
 */
function checkComposition({ index, bases, exportManifest, readme, journals }: ShardedBundle): void {
  if (!isOurs(exportManifest)) return;
  const shards = bases.flatMap((base) => base.shards);
  const { artifactType = '' } = parseManifest(index.bytes, index.descriptor.mediaType);
  const composed = composeBundle({
    artifactType,
    readme: readme.bytes.toString('utf8'),
    bases: composeBases(shards),
    journals,
    // The whole document, so that members that this version does not know count too.
    head: exportManifest,
    previous: exportManifest.previous,
  });
  if (composed.index.descriptor.digest === index.descriptor.digest) return;
  throw refused(`its parts make the index ${composed.index.descriptor.digest}, not ${index.descriptor.digest}`);
}

function isOurs({ encoder, chunker }: ExportManifest): boolean {
  return isDeepStrictEqual([encoder, chunker], [encoderFacts, chunkerFacts]);
}

/** Journals must follow one another without a gap and end at the state. */
function checkChain(rows: readonly { from: Digest; to: Digest }[], setRoot: Digest): void {
  rows.forEach(({ from, to }, at) => {
    const next = rows[at + 1]?.from ?? setRoot;
    if (to !== next) throw refused(`the journals have a gap: number ${at + 1} ends at ${to}, not at ${next}`);
    if (from === to) throw refused(`journal ${at + 1} changes nothing`);
  });
}

const smallBlobLimit = 16 * 1024 * 1024;

async function readSmall(repository: RepositoryReader, descriptor: Descriptor): Promise<SmallBlob> {
  return { descriptor, bytes: await readBlob(repository, descriptor, smallBlobLimit) };
}

/** A whole blob of at most `maxBytes`, verified. */
export async function readBlob(
  repository: RepositoryReader,
  descriptor: Descriptor,
  maxBytes: number = frameLimit,
): Promise<Buffer> {
  if (descriptor.size > maxBytes) throw refused(`blob ${descriptor.digest} is larger than ${maxBytes} bytes`);
  const pieces: Buffer[] = [];
  for await (const piece of repository.openBlob(descriptor)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The lines of one shard out of its frame, checked against its row. */
export function decodeShard(frame: Buffer, { row, layer }: StoredShard, isRawView: boolean): StateLine[] {
  const bytes = decode(frame, Math.min(frameLimit, row.size));
  if (bytes.length !== row.size || digestOf(bytes) !== row.raw) {
    throw refused(`shard ${layer.digest} has other raw lines`);
  }
  const parse = isRawView ? parseRawLine : parseShardLine;
  const lines: StateLine[] = [];
  for (const line of linesOf(bytes)) lines.push(parse(line));
  checkFirst(row, lines);
  return lines;
}

export async function readShard(
  repository: RepositoryReader,
  shard: StoredShard,
  raw: boolean = false,
): Promise<StateLine[]> {
  return decodeShard(await readBlob(repository, shard.layer), shard, raw);
}

function checkFirst(row: ShardRow, lines: readonly StateLine[]): void {
  const [first] = lines;
  if (first?.c !== row.c || first.k !== row.k || lines.length !== row.records) {
    throw refused(`shard ${row.raw} has another first key or number of records`);
  }
}

/** The lines of the base alone. */
export async function* baseLines(repository: RepositoryReader, bundle: ShardedBundle): AsyncGenerator<StateLine[]> {
  const raw = isRaw(bundle);
  for (const { shards } of bundle.bases) for (const shard of shards) yield await readShard(repository, shard, raw);
}

export function journalPages(repository: RepositoryReader, { layers }: Journal): AsyncGenerator<ChangeRecord[]> {
  return readJournal(frames(repository, layers));
}

async function* frames(repository: RepositoryReader, layers: readonly Descriptor[]): AsyncGenerator<Buffer> {
  for (const layer of layers) yield await readBlob(repository, layer);
}

/** All changes over the base as one sorted stream. */
export function allChanges(repository: RepositoryReader, bundle: ShardedBundle): AsyncIterable<ChangeRecord[]> {
  return mergeJournals(bundle.journals.map((journal) => journalPages(repository, journal)));
}

/** The whole state in order: the base with every journal applied. */
export function stateLines(repository: RepositoryReader, bundle: ShardedBundle): AsyncIterable<StateLine[]> {
  const base = baseLines(repository, bundle);
  return bundle.journals.length === 0 ? base : applyChanges(base, allChanges(repository, bundle));
}

function refused(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `bundle refused: ${what}`);
}

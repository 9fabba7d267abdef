// `verify`: an ordered report on an artifact, in a registry or a folder, or on all those of a kit: whether it is the one
// that the publisher lists now, who vouches for it, and whether what is there is what was vouched for. A line says ok only
// about what was looked at.

import { ExportError, toExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { childrenOf, parseManifest, type StoredManifest } from '../oci/manifest.ts';
import { manifestMediaTypes } from '../oci/media-types.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { contentLayersOf, type ShardedBundle } from '../profiles/sharded/compose.ts';
import { readBundle } from '../profiles/sharded/read.ts';
import { exportManifestName } from '../trust/provenance.ts';
import type { Check } from '../trust/types.ts';
import { checkState } from './check-state.ts';
import { isContentFault, unlessFaulty } from './content-faults.ts';
import { isSound } from './damaged-blobs.ts';
import { isShardedManifest } from './fetch-artifact.ts';
import { checkIdentity } from './identity-line.ts';
import { openKit } from './open-kit.ts';
import { openSource, resolveSource, type OpenedSource } from './open-source.ts';
import { isNotChecked, skipped } from './report.ts';
import { checkTuf, type TufQuestion } from './tuf-line.ts';
import type { NetworkOptions, VerifyOptions, VerifyResult } from './types.ts';
import { checkVouching } from './vouching.ts';

/** Throws when the source cannot be reached or has no such name; everything else is in the report. */
export async function verify(text: string, options: VerifyOptions): Promise<VerifyResult> {
  const kit = await openKit(text);
  if (kit === undefined) return report(await checkArtifact(text, options, questionOf(options)));
  const question = questionOf(options, kit.tuf);
  const [only, ...others] = kit.artifacts;
  if (only && others.length === 0) return report(await checkArtifact(only.dir, options, question));
  if (question?.target !== undefined) {
    throw new ExportError('USAGE', 'the kit holds several artifacts, which have a TUF target each');
  }
  const checks: Check[] = [];
  for (const { name, dir } of kit.artifacts) {
    const lines = await checkArtifact(dir, options, question);
    checks.push(...lines.map((line) => ({ ...line, name: `${name} ${line.name}` })));
  }
  return report(checks);
}

/** Throws USAGE for a root without a repository. */
function questionOf({ tuf }: VerifyOptions, own?: string): TufQuestion | undefined {
  if (tuf === undefined) return undefined;
  const from = tuf.from ?? own;
  if (from !== undefined) return { ...tuf, from };
  throw new ExportError('USAGE', 'a TUF root was given, but no TUF repository', { hint: 'give --tuf URL or a folder' });
}

function report(checks: readonly Check[]): VerifyResult {
  const failed = checks.filter((check) => !check.ok && !isNotChecked(check)).map(({ name }) => name);
  return { ok: failed.length === 0, failed, checks };
}

async function checkArtifact(
  text: string,
  options: VerifyOptions,
  question: TufQuestion | undefined,
): Promise<readonly Check[]> {
  const source = await openSource(text, options);
  try {
    const root = await resolveSource(source);
    const named = { name: 'reference', ok: true, evidence: `${source.text} is ${root.digest}` } as const;
    const tuf = await checkTuf(source, root, question, options);
    const keys = options.key === undefined ? [] : [options.key].flat();
    // Without a key, the trusted root is for the certificates alone.
    const alone = options.identity !== undefined && keys.length === 0;
    const vouching = alone ? { keys } : { ...options, keys };
    const { checks: vouched, statements } = await checkVouching(source, root, vouching);
    return [
      named,
      tuf,
      ...vouched,
      ...(await checkIdentity(source.reader, root, options)),
      ...(await checkContent(source.reader, root, statements, options)),
      ...(await checkDatabase(source, root)),
    ];
  } finally {
    await source.close();
  }
}

async function checkContent(
  reader: RepositoryReader,
  root: Descriptor,
  statements: readonly unknown[],
  options: NetworkOptions,
): Promise<readonly Check[]> {
  const names = ['manifests', 'blobs'];
  try {
    const stored = await readManifest(reader, root);
    if (!isShardedManifest(stored)) return await checkGraph(reader, stored);
    names.push('journals', 'set-root');
    return await checkBundle(reader, stored, statements, options);
  } catch (thrown) {
    return failed(names, 'manifests', thrown);
  }
}

const bundleChecks = ['manifests', 'blobs', 'journals', 'set-root'] as const;

async function checkBundle(
  reader: RepositoryReader,
  index: StoredManifest,
  statements: readonly unknown[],
  { signal }: NetworkOptions,
): Promise<readonly Check[]> {
  let bundle: ShardedBundle;
  try {
    bundle = await readBundle(reader, index);
    checkProvenance(statements, bundle.config.descriptor);
  } catch (thrown) {
    return failed(bundleChecks, /journal/.test(String(thrown)) ? 'journals' : 'manifests', thrown);
  }
  const { bases, journals, exportManifest } = bundle;
  const { state } = exportManifest;
  const read = evidence('manifests', `the index, ${bases.length} of the base and the head agree with each other`);
  try {
    await checkState(reader, bundle, { signal });
  } catch (thrown) {
    return [read, ...failed(bundleChecks.slice(1), failingCheck(thrown), thrown)];
  }
  const last = journals.at(-1)?.row.to ?? state.setRoot;
  return [
    read,
    evidence('blobs', `${contentLayersOf(bundle).length} shards and journal parts have their digests and sizes`),
    evidence('journals', `${journals.length} lead from the base to ${last} without a gap`),
    evidence('set-root', `${state.setRoot} over ${state.records} records, computed anew`),
  ];
}

/** Of a mirror that makes a database: whether the folder has the artifact that its export manifest names. */
async function checkDatabase({ reader, layout }: OpenedSource, root: Descriptor): Promise<readonly Check[]> {
  const rebuilds = await unlessFaulty(async () => {
    const stored = await readManifest(reader, root);
    return isShardedManifest(stored) ? (await readBundle(reader, stored)).exportManifest.rebuilds : undefined;
  });
  if (rebuilds === undefined) return [];
  const { reference, manifestDigest, layerDigest } = rebuilds;
  if (layout === undefined) return [skipped('database', `${reference}@${manifestDigest} has a reference of its own`)];
  for (const digest of [manifestDigest, layerDigest]) {
    if (await isSound(layout, digest)) continue;
    return [{ name: 'database', ok: false, reason: `${digest} of ${reference} is missing or damaged` }];
  }
  return [evidence('database', `${manifestDigest} is there, with the layer ${layerDigest}`)];
}

/** What provenance says about the export manifest must be about this one. */
function checkProvenance(statements: readonly unknown[], { digest }: Descriptor): void {
  for (const statement of statements) {
    const { subject } = statement as { readonly subject: readonly { name?: unknown; digest: { sha256?: unknown } }[] };
    const about = subject.find(({ name }) => name === exportManifestName);
    if (!about || digest === `sha256:${String(about.digest.sha256)}`) continue;
    throw new ExportError('VERIFICATION_FAILED', 'the provenance is about another export manifest');
  }
}

/** Which of the checks an error of reading the state belongs to. */
function failingCheck(thrown: unknown): 'blobs' | 'journals' | 'set-root' {
  const { code, message } = toExportError(thrown);
  if (code !== 'VERIFICATION_FAILED') return 'blobs';
  if (/set root|records, not/.test(message)) return 'set-root';
  return /journal/.test(message) ? 'journals' : 'blobs';
}

/** Artifacts that are no bundles of ours: everything below is read against its digest. */
async function checkGraph(reader: RepositoryReader, root: StoredManifest): Promise<readonly Check[]> {
  const seen = new Set<string>();
  const blobs: Descriptor[] = [];
  let manifests = 0;
  const follow = async ({ bytes, descriptor }: StoredManifest): Promise<void> => {
    manifests++;
    for (const child of childrenOf(parseManifest(bytes, descriptor.mediaType))) {
      if (seen.has(child.digest)) continue;
      seen.add(child.digest);
      if (manifestMediaTypes.includes(child.mediaType)) await follow(await readManifest(reader, child));
      else blobs.push(child);
    }
  };
  await follow(root);
  const read = evidence('manifests', `${manifests} read`);
  try {
    for (const blob of blobs) for await (const _ of reader.openBlob(blob));
  } catch (thrown) {
    return [read, ...failed(['blobs'], 'blobs', thrown)];
  }
  return [read, evidence('blobs', `${blobs.length} have their digests and sizes`)];
}

async function readManifest(reader: RepositoryReader, { digest }: Descriptor): Promise<StoredManifest> {
  const stored = await reader.manifest(digest);
  if (stored) return stored;
  throw new ExportError('NOT_FOUND', `manifest ${digest} is missing`);
}

function evidence(name: string, text: string): Check {
  return { name, ok: true, evidence: text };
}

/** Lines for a content fault: the failing check with its reason, the others not checked. Other errors are thrown. */
function failed(names: readonly string[], failing: string, thrown: unknown): Check[] {
  if (!isContentFault(thrown)) throw thrown;
  const { message } = toExportError(thrown);
  return names.map((name) =>
    name === failing ? { name, ok: false, reason: message } : skipped(name, `${failing} failed`),
  );
}

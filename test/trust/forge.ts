// What an attacker without a key can do with somebody else's signatures.

import type { Descriptor } from '../../src/oci/descriptor.ts';
import { describe } from '../../src/oci/descriptor.ts';
import { imageManifest, parseManifest, type ImageManifest } from '../../src/oci/manifest.ts';
import { bundleAnnotation } from '../../src/trust/log/logged-entry.ts';
import type { MemoryRepository } from './memory-repository.ts';

type Rewrite = (blob: Buffer) => Buffer;
type Edit = (manifest: ImageManifest) => ImageManifest;

/** Copies every signature of `from`, both layouts, to `to`; the bundles, documents and manifests may be changed. */
export async function transplant(
  repository: MemoryRepository,
  from: Descriptor,
  to: Descriptor,
  rewrite: Rewrite = (blob) => blob,
  edit: Edit = (manifest) => manifest,
): Promise<void> {
  for (const { digest } of await repository.referrers(from.digest)) {
    await pushChanged(repository, edit(await read(repository, digest)), rewrite, { subject: to });
  }
  for (const [tag, digest] of repository.tagged) {
    if (!tag.startsWith(from.digest.replace(':', '-'))) continue;
    const copy = tag.replace(from.digest.replace(':', '-'), to.digest.replace(':', '-'));
    await pushChanged(repository, edit(await read(repository, digest)), rewrite, {}, [copy]);
  }
}

/** Changes every signature blob of `subject` in place of the good one: the good ones are gone afterwards. */
export async function replaceSignatures(
  repository: MemoryRepository,
  subject: Descriptor,
  rewrite: Rewrite,
  edit?: Edit,
): Promise<void> {
  const before = [...repository.manifests.keys()].filter((digest) => digest !== subject.digest);
  await transplant(repository, subject, subject, rewrite, edit);
  for (const digest of before) repository.manifests.delete(digest);
}

/** Takes the log entries out of every signature of `subject`. */
export function stripLogEntries(repository: MemoryRepository, subject: Descriptor): Promise<void> {
  const withoutEntries: Rewrite = (blob) => {
    const value = JSON.parse(blob.toString('utf8')) as { verificationMaterial?: { tlogEntries?: unknown } };
    if (value.verificationMaterial === undefined) return blob;
    delete value.verificationMaterial.tlogEntries;
    return Buffer.from(JSON.stringify(value));
  };
  const withoutPromises: Edit = (manifest) => ({
    ...manifest,
    layers: manifest.layers.map(({ annotations = {}, ...layer }) => {
      const { [bundleAnnotation]: _, ...others } = annotations;
      return { ...layer, annotations: others };
    }),
  });
  return replaceSignatures(repository, subject, withoutEntries, withoutPromises);
}

/** Makes the statement inside a bundle or envelope name another artifact, and keeps the signature. */
export function swapStatement(from: Descriptor, to: Descriptor): Rewrite {
  const hex = (descriptor: Descriptor): string => descriptor.digest.slice(7);
  return (blob) => {
    const value = JSON.parse(blob.toString('utf8')) as { dsseEnvelope?: { payload: string }; payload?: string };
    const envelope = value.dsseEnvelope ?? value;
    // A SimpleSigning document names the digest in clear.
    if (envelope.payload === undefined) return Buffer.from(blob.toString('utf8').replace(hex(from), hex(to)));
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8').replace(hex(from), hex(to));
    envelope.payload = Buffer.from(payload).toString('base64');
    return Buffer.from(JSON.stringify(value));
  };
}

async function read(repository: MemoryRepository, digest: string): Promise<ImageManifest> {
  const stored = await repository.manifest(digest);
  if (!stored) throw new Error(`no manifest ${digest}`);
  return parseManifest(stored.bytes, stored.descriptor.mediaType) as ImageManifest;
}

async function pushChanged(
  repository: MemoryRepository,
  manifest: ImageManifest,
  rewrite: Rewrite,
  changes: Partial<ImageManifest>,
  tags: string[] = [],
): Promise<void> {
  const layers: Descriptor[] = [];
  for (const layer of manifest.layers) {
    const blob = rewrite(repository.blobs.get(layer.digest) ?? Buffer.alloc(0));
    const changed = describe(layer.mediaType, blob, layer.annotations);
    await repository.pushBlob(changed, blob);
    layers.push(changed);
  }
  await repository.pushManifest(imageManifest({ ...manifest, ...changes, layers }), tags);
}

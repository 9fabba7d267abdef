// A publisher, a registry that serves what it publishes, and a folder that pulls from it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { mirrorPull } from '../../src/consumer/pull.ts';
import type { PullOptions, PullResult } from '../../src/consumer/types.ts';
import { manifestsOf, type ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';
import { MemoryRepository } from '../trust/memory-repository.ts';
import { madeUp, Publisher, type Edit } from './publisher.ts';
import { startSmallRegistry, type SmallRegistry } from './small-registry.ts';

export type World = {
  readonly publisher: Publisher;
  readonly repository: MemoryRepository;
  readonly registry: SmallRegistry;
  readonly dir: string;
  readonly key: string;
  readonly pull: (options?: Partial<PullOptions>) => Promise<PullResult>;
};

export async function openWorld(t: Scope): Promise<World> {
  const repository = new MemoryRepository();
  const signer = signerOf(generateSigningKey());
  const publisher = new Publisher(t, repository, signer);
  const registry = await startSmallRegistry(t, repository);
  const dir = join(await temporaryFolder(t, 'pull'), 'mirror');
  const key = signer.publicKeyPem;
  const pull = (options: Partial<PullOptions> = {}): Promise<PullResult> =>
    mirrorPull({ reference: `${registry.name}:latest`, dir, key, signatureOnly: true, ...options });
  return { publisher, repository, registry, dir, key, pull };
}

/** The first `count` made-up records with another content. */
export const edited = (count: number, mark: string): Edit[] =>
  [...madeUp(count)].map((edit) => ({ ...edit, v: { ...(edit.v as object), mark } }));

/** The folder's tag names exactly this bundle, and every manifest is the publisher's to the byte. */
export async function hasAll(dir: string, bundle: ShardedBundle): Promise<void> {
  const layout = await openLayout(dir);
  assert.equal((await layout.resolve('latest'))?.digest, bundle.index.descriptor.digest);
  for (const { descriptor, bytes } of manifestsOf(bundle)) {
    assert.deepEqual((await layout.manifest(descriptor.digest))?.bytes, bytes);
  }
}

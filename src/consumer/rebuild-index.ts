// Names of a folder whose index.json was lost or damaged, out of what the consumer remembers of its last pulls.

import { join } from 'node:path';
import { toExportError } from '../core/errors.ts';
import { parseManifest } from '../oci/manifest.ts';
import { manifestMediaTypes } from '../oci/media-types.ts';
import { openLayout, type LayoutRepository } from '../registry/layout/layout-repository.ts';
import { readOptionalFile, writeFileDurably } from '../registry/storage/durable-file.ts';
import { blobsOf } from './damaged-blobs.ts';
import { unlessFaulty } from './content-faults.ts';
import { parseFolderState, type FolderState } from './folder-state.ts';
import { stateTagOf } from './retire-states.ts';
import type { DoctorResult } from './types.ts';

/** What was wrong with index.json or oci-layout, if anything. Throws NOT_FOUND when the folder was never pulled into. */
export async function rebuildIndex(dir: string): Promise<DoctorResult['damaged'][number] | undefined> {
  let reason: string;
  try {
    await openLayout(dir);
    return undefined;
  } catch (thrown) {
    const stored = await readOptionalFile(join(dir, '.export-center', 'state.json'));
    const state = stored && parseFolderState(stored);
    if (!state) throw thrown;
    reason = toExportError(thrown).message;
    await rebuild(dir, state);
  }
  return { digest: 'index.json', reason: `${reason}; its names were restored from the last pull`, repaired: true };
}

async function rebuild(dir: string, { states, tag }: FolderState): Promise<void> {
  const temporary = join(dir, '.export-center');
  const write = (name: string, value: object): Promise<void> =>
    writeFileDurably(temporary, join(dir, name), Buffer.from(JSON.stringify(value)));
  await write('index.json', { schemaVersion: 2, manifests: [] });
  await write('oci-layout', { imageLayoutVersion: '1.0.0' });
  const layout = await openLayout(dir);
  for (const [at, digest] of states.entries()) {
    const stored = await unlessFaulty(() => layout.manifest(digest));
    if (!stored) continue;
    const names = [stateTagOf(stored), ...(at === 0 && tag !== undefined ? [tag] : [])];
    await unlessFaulty(() => layout.pushManifest(stored, names));
  }
  await listReferrers(layout);
}

/** Signatures among the blobs are listed again. */
async function listReferrers(layout: LayoutRepository): Promise<void> {
  for (const digest of await blobsOf(layout)) {
    await unlessFaulty(async () => {
      const stored = await layout.manifest(digest);
      if (!stored || !manifestMediaTypes.includes(stored.descriptor.mediaType)) return;
      const { subject } = parseManifest(stored.bytes, stored.descriptor.mediaType);
      if (subject) await layout.pushManifest(stored);
    });
  }
}

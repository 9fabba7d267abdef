// What the consumer remembers of a folder, in `.export-center/state.json`.

import { isDigest, type Digest } from '../core/digest.ts';

export type FolderState = {
  /** Where it was pulled from last. */
  readonly reference: string;
  readonly tag?: string;
  /** States that are kept, the newest first. */
  readonly states: readonly Digest[];
};

export function folderStateBytes(state: FolderState): Buffer {
  return Buffer.from(`${JSON.stringify({ schema: 1, ...state })}\n`);
}

/** Undefined for a damaged file: it is a memory aid, and without it a folder is as good as one that oras wrote. */
export function parseFolderState(bytes: Buffer): FolderState | undefined {
  try {
    const { reference, tag, states } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    if (typeof reference !== 'string' || !Array.isArray(states)) return undefined;
    const digests = states.filter((item): item is Digest => typeof item === 'string' && isDigest(item));
    return { reference, states: digests, ...(typeof tag === 'string' ? { tag } : {}) };
  } catch {
    return undefined;
  }
}

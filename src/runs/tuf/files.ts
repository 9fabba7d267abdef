// Files and keys of a TUF repository, as the database and the key folder want them.

import { digestOf } from '../../core/digest.ts';
import type { StoredTufFile } from '../../db/tuf.ts';
import type { BundleFile } from '../../trust/tuf/bundle.ts';
import type { TufState } from '../../trust/tuf/types.ts';

export function storedFile({ role, version, name, bytes }: BundleFile): StoredTufFile {
  return { role, version, name, digest: digestOf(bytes), size: bytes.length, text: bytes.toString('utf8') };
}

/** Ids of all keys that the newest root, and the delegations if given, name. */
export function keyIdsOf({ roots, targets }: Pick<TufState, 'roots'> & Partial<Pick<TufState, 'targets'>>): string[] {
  const root = roots.at(-1)?.envelope.signed.keys ?? {};
  return [...Object.keys(root), ...Object.keys(targets?.envelope.signed.delegations?.keys ?? {})];
}

// The targets of the public repository: what cosign is initialized with, at the root path and in the top-level role. The
// files are stored beside the metadata that lists them.

import { describe } from '../../oci/descriptor.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { TrustFiles } from '../../trust/trust-files.ts';
import { targetFile, type BundleFile } from '../../trust/tuf/bundle.ts';
import type { TufSigner } from '../../trust/tuf/keys.ts';
import { newestRoot } from '../../trust/tuf/lint-state.ts';
import type { TargetEntries, TargetEntry, TufState } from '../../trust/tuf/types.ts';
import type { FirstTargets } from './first-publication.ts';
import type { Current, Plan } from './repository.ts';

type Signers = ReadonlyMap<string, TufSigner>;

/** By this older cosigns find the key of the log. */
const customOf: { readonly [file: string]: TargetEntry['custom'] } = {
  'rekor.pub': { sigstore: { usage: 'Rekor', status: 'Active' } },
};

export function trustEntries(files: TrustFiles): TargetEntries {
  const entries = Object.entries(files).map(([name, text]): [string, TargetEntry] => {
    const { digest, size } = describe(mediaTypes.tufTarget, Buffer.from(text));
    const custom = customOf[name];
    return [name, { length: size, hashes: { sha256: digest.slice(7) }, ...(custom ? { custom } : {}) }];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function firstTrustTargets(files: TrustFiles): FirstTargets {
  const targets = trustEntries(files);
  return { targets, targetFiles: newTargetFiles({ files: [] }, targets, files) };
}

/** Files that are listed and not stored yet. */
export function newTargetFiles(
  { files }: Pick<Current, 'files'>,
  entries: TargetEntries,
  trust: TrustFiles,
): BundleFile[] {
  return Object.entries(trust).flatMap(([path, text]) => {
    const made = targetFile(path, Buffer.from(text), 1);
    const versions = files.filter(({ role }) => role === made.role);
    if (entries[path] === undefined || versions.at(-1)?.name === made.name) return [];
    return [{ ...made, version: (versions.at(-1)?.version ?? 0) + 1 }];
  });
}

/** Nothing where the keys of the targets role are elsewhere: then a ceremony publishes what is new. */
export function planTrustTargets(current: Current, trust: TrustFiles, signers: Signers): Plan {
  if (!signsTargets(current.state, signers)) return {};
  const targets = trustEntries(trust);
  return { targets: { targets }, targetFiles: newTargetFiles(current, targets, trust) };
}

/** Whether the keys that are here reach the threshold of the targets role. */
export function signsTargets(state: TufState, signers: Signers): boolean {
  const { keyids, threshold } = newestRoot(state).envelope.signed.roles.targets;
  return keyids.filter((id) => signers.has(id)).length >= threshold;
}

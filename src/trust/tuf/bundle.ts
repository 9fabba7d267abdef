// A TUF repository as one OCI manifest (docs/formats.md, TUF repositories): each file a layer under the name that clients ask for, so
// that `oras pull` writes a folder that any web server can serve.

import { ExportError } from '../../core/errors.ts';
import { describe, type Descriptor } from '../../oci/descriptor.ts';
import { emptyDescriptor, imageManifest, type StoredManifest } from '../../oci/manifest.ts';
import { annotationNames, artifactTypes, mediaTypes } from '../../oci/media-types.ts';
import { readFile } from './envelope.ts';
import type { RootSigned, SnapshotSigned, TargetsSigned, TimestampSigned, TufFile, TufState } from './types.ts';

/** A file as it is stored: metadata, or a target file, whose role is `target/<path>`. */
export type BundleFile = {
  readonly role: string;
  readonly version: number;
  readonly name: string;
  readonly bytes: Buffer;
};

/** Of snapshots and targets so many versions stay, for clients that are between two files. */
export const keptVersions = 4;

const targetRole = 'target/';
const tagPattern = /^t-([1-9]\d{0,15})$/;

export function publicationTag(version: number): string {
  return `t-${version}`;
}

/** The timestamp version that a tag names; undefined for other tags. */
export function versionOfTag(tag: string): number | undefined {
  const [, digits] = tagPattern.exec(tag) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

export function layerOf(file: BundleFile): Descriptor {
  const type = file.role.startsWith(targetRole) ? mediaTypes.tufTarget : mediaTypes.tufMetadata;
  return describe(type, file.bytes, {
    [annotationNames.title]: file.name,
    [annotationNames.tufFilename]: file.name,
    [annotationNames.tufRole]: file.role,
    [annotationNames.tufVersion]: String(file.version),
  });
}

/** The manifest over `files`; the timestamp, which names all others, is the last layer. */
export function tufManifest(files: readonly BundleFile[], timestamp: TufFile): StoredManifest {
  const others = files.filter(({ role }) => role !== 'timestamp');
  return imageManifest({
    artifactType: artifactTypes.tuf,
    config: emptyDescriptor,
    layers: [...others, timestamp].map(layerOf),
    annotations: { [annotationNames.tufTimestamp]: String(timestamp.version) },
  });
}

/** The role and version that a layer says it is; undefined for one that is none of ours. */
export function fileOfLayer({ annotations }: Descriptor): Omit<BundleFile, 'bytes'> | undefined {
  const [role, version] = [annotations?.[annotationNames.tufRole], Number(annotations?.[annotationNames.tufVersion])];
  const name = annotations?.[annotationNames.title];
  if (role === undefined || name === undefined || !Number.isSafeInteger(version) || version < 1) return undefined;
  return { role, version, name };
}

/** A target file under the name that clients ask for with consistent snapshots. */
export function targetFile(path: string, bytes: Buffer, version: number): BundleFile {
  const { digest } = describe(mediaTypes.tufTarget, bytes);
  return { role: `${targetRole}${path}`, version, name: targetFileName(path, digest), bytes };
}

/** `targets/<folder>/<sha256>.<name>` (TUF §5.7.3). */
export function targetFileName(path: string, digest: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `targets/${path.slice(0, slash)}${digest.replace('sha256:', '')}.${path.slice(slash)}`;
}

/** The newest of everything, out of files of several versions. Throws INPUT_INVALID when something is missing. */
export function stateOfFiles(files: readonly BundleFile[]): TufState {
  const newest = new Map<string, BundleFile>();
  for (const file of files) if ((newest.get(file.role)?.version ?? 0) <= file.version) newest.set(file.role, file);
  const roots = files.filter(({ role }) => role === 'root').sort((a, b) => a.version - b.version);
  const delegated = new Map<string, TufFile<TargetsSigned>>();
  const bytesOf = (role: string): Buffer => {
    const file = newest.get(role);
    if (file) return file.bytes;
    throw new ExportError('INPUT_INVALID', `a TUF repository has no ${role}`);
  };
  const targets = readFile<TargetsSigned>('targets', bytesOf('targets'), 'targets');
  for (const { name } of targets.envelope.signed.delegations?.roles ?? []) {
    delegated.set(name, readFile<TargetsSigned>(name, bytesOf(name), 'targets'));
  }
  return {
    roots: roots.map(({ bytes }) => readFile<RootSigned>('root', bytes, 'root')),
    timestamp: readFile<TimestampSigned>('timestamp', bytesOf('timestamp'), 'timestamp'),
    snapshot: readFile<SnapshotSigned>('snapshot', bytesOf('snapshot'), 'snapshot'),
    targets,
    delegated,
  };
}

/** All files of a state. */
export function filesOfState({ roots, timestamp, snapshot, targets, delegated }: TufState): TufFile[] {
  return [...roots, targets, ...delegated.values(), snapshot, timestamp];
}

// SLSA provenance v1 (https://slsa.dev/spec/v1.0/provenance) of one export. Everything that belongs to a run, its
// clock, id and outcome, is here and nowhere in the bundle. Consumers fetch it with every bundle, so it stays near 1 KB.

import type { Json } from '../core/canonical-json.ts';
import { digestAlgorithm, digestHex, type Digest } from '../core/digest.ts';
import type { JsonObject } from './envelope.ts';
import { provenancePredicateType } from './predicate-types.ts';
import type { Predicate } from './types.ts';

/** How to read externalParameters and resolvedDependencies below. */
export const buildType = 'urn:export-center:export:v1';

export type ProvenanceInput = {
  /** Profile name and the digest of its revision. */
  readonly profile: { readonly name: string; readonly revision: string };
  /** The profile's scope, left out when it has no members. */
  readonly scope: JsonObject;
  /** What the caller gave as `--base`. */
  readonly base?: string;
  readonly acceptShrink?: boolean;
  /** The set root that names the evidence (formats.md §4). */
  readonly setRoot: Digest;
  /** Sources with the set root over the records that each has in the profile's view, and the newest of their times. */
  readonly sources: readonly SourceState[];
  /** Databases of others that went in: the SHA-256 hex of their layers. */
  readonly overlays?: readonly { readonly source: string; readonly sha256: string }[];
  /** Digest of the policy set. */
  readonly policyVersion?: string | null;
  /** Index that the bundle continues. */
  readonly previous?: Digest | null;
  /** Names the deployment; a URI. */
  readonly builder: { readonly id: string; readonly version: string };
  readonly invocationId: string;
  /** RFC 3339, whole seconds. */
  readonly startedOn: string;
  readonly finishedOn: string;
  /** The artifact's config: the product's own document of the export. */
  readonly exportManifest: Digest;
};

export type SourceState = {
  readonly source: string;
  readonly setRoot: Digest;
  readonly records: number;
  /** RFC 3339. */
  readonly newest: string;
};

/** How a statement calls the artifact's config among its subjects. */
export const exportManifestName = 'export-manifest';

/** The predicate; `attest` adds the artifact as first subject. */
export function provenance(input: ProvenanceInput): Predicate {
  const { builder, invocationId, startedOn, finishedOn } = input;
  const predicate = {
    buildDefinition: {
      buildType,
      externalParameters: externalParameters(input),
      resolvedDependencies: resolvedDependencies(input),
    },
    runDetails: {
      builder: { id: builder.id, version: { 'export-center': builder.version } },
      metadata: { invocationId, startedOn, finishedOn },
      byproducts: [named(exportManifestName, input.exportManifest)],
    },
  };
  const alsoAbout = [{ name: exportManifestName, digest: input.exportManifest }];
  return { predicateType: provenancePredicateType, predicate, alsoAbout };
}

function externalParameters({ profile, scope, base, acceptShrink }: ProvenanceInput): JsonObject {
  return {
    profile: profile.name,
    revision: profile.revision,
    ...(Object.keys(scope).length > 0 ? { scope } : {}),
    ...(base === undefined ? {} : { base }),
    ...(acceptShrink ? { acceptShrink: true } : {}),
  };
}

function resolvedDependencies({ setRoot, sources, overlays = [], policyVersion, previous }: ProvenanceInput): Json[] {
  const dependencies: Json[] = [
    // A Merkle root and no digest of bytes, so it does not pose as sha256.
    { name: 'evidence', digest: { setRoot: digestHex(setRoot) } },
  ];
  for (const { source, setRoot: root, records, newest } of sources) {
    const annotations = { records, newest };
    dependencies.push({ uri: `urn:export-center:source:${source}`, digest: { setRoot: digestHex(root) }, annotations });
  }
  for (const { source, sha256 } of overlays) {
    dependencies.push({ name: 'overlay', uri: `urn:export-center:source:${source}`, digest: { sha256 } });
  }
  if (policyVersion) dependencies.push({ name: 'policy', digest: { sha256: policyVersion.replace(/^sha256:/, '') } });
  if (previous) dependencies.push(named('previous', previous));
  return dependencies;
}

function named(name: string, digest: Digest): Json {
  return { name, digest: { [digestAlgorithm(digest)]: digestHex(digest) } };
}

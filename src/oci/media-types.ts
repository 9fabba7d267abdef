// Media types, artifact types and annotations: OCI image-spec v1.1.1 and formats.md §10.

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayerTar: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerTarZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  markdown: 'text/markdown',
  json: 'application/json',
  jsonLinesGzip: 'application/jsonl+gzip',
  baseConfig: 'application/vnd.export-center.mirror.base.v1+json',
  exportManifest: 'application/vnd.export-center.manifest.v1+json',
  deltaConfig: 'application/vnd.export-center.mirror.delta.v1+json',
  shard: 'application/vnd.export-center.shard.v1.jsonl+zstd',
  journal: 'application/vnd.export-center.journal.v1.jsonl+zstd',
  patch: 'application/vnd.export-center.patch.v1',
  sigstoreBundle: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  trivyDbLayer: 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip',
  trivyJavaDbLayer: 'application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip',
  simpleSigning: 'application/vnd.dev.cosign.simplesigning.v1+json',
  dsseEnvelope: 'application/vnd.dsse.envelope.v1+json',
  tufMetadata: 'application/vnd.tuf.metadata+json',
  tufTarget: 'application/vnd.tuf.target',
} as const;

export const artifactTypes = {
  mirrorFull: 'application/vnd.export-center.mirror.full.v1',
  mirrorBase: 'application/vnd.export-center.mirror.base.v1',
  mirrorHead: 'application/vnd.export-center.mirror.head.v1',
  mirrorDelta: 'application/vnd.export-center.mirror.delta.v1',
  jsonRaw: 'application/vnd.export-center.json.raw.v1',
  trivyDatabase: 'application/vnd.aquasec.trivy.config.v1+json',
  overlay: 'application/vnd.export-center.overlay.v1',
  parity: 'application/vnd.export-center.parity.v1',
  tuf: 'application/vnd.export-center.tuf.v1',
} as const;

export const annotationNames = {
  title: 'org.opencontainers.image.title',
  created: 'org.opencontainers.image.created',
  refName: 'org.opencontainers.image.ref.name',
  profile: 'vnd.export-center.profile',
  setRoot: 'vnd.export-center.set-root',
  records: 'vnd.export-center.records',
  encoding: 'vnd.export-center.encoding',
  plainType: 'vnd.export-center.artifact-type',
  plainOf: 'vnd.export-center.digest',
  plainTarget: 'vnd.export-center.target',
  tufFilename: 'tuf.io/filename',
  tufRole: 'vnd.export-center.tuf.role',
  tufVersion: 'vnd.export-center.tuf.version',
  tufTimestamp: 'vnd.export-center.tuf.timestamp-version',
} as const;

/** What a client accepts when it asks for a manifest; without the Docker types CNCF distribution answers 404. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerList,
  mediaTypes.dockerManifest,
];

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

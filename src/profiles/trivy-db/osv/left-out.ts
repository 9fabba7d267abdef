// Why something of an OSV record is not in a Trivy database: few words, counted in the export manifest (docs/formats.md).

export type LeftOutCode =
  /** Withdrawn at the snapshot's time. */
  | 'withdrawn'
  /** No reader in Trivy: the ecosystem, or its release, has no bucket. */
  | 'ecosystem-not-scanned'
  /** The entry names no package, or its name cannot be a key. */
  | 'package-not-named'
  /** Only commits say what is affected. */
  | 'git-range-only'
  /** Neither a range nor a version says what is affected. */
  | 'nothing-affected'
  /** A range or version that Trivy's comparer cannot read. */
  | 'version-not-expressible'
  /** Versions below the range count as affected too: the bucket knows no lower bound. */
  | 'lower-bound-lost'
  /** Several fixed versions, of which the bucket holds the highest alone. */
  | 'fix-merged'
  /** Not fixed, or affected up to a version, where the bucket holds fixed versions alone. */
  | 'fix-not-known'
  /** A package of an RPM module whose stream the record does not name. */
  | 'module-stream-unknown'
  /** A CPE of which no content set is known, so that no scan would ask for it. */
  | 'content-set-unknown'
  /** A key would be longer than a row may have. */
  | 'key-too-long'
  /** A CVSS vector that does not parse. */
  | 'severity-not-read';

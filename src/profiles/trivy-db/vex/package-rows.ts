// Where a Trivy database speaks of a package: its buckets and the names in them.

import { githubBucket, languageFeedBuckets } from '../osv/data-sources.ts';
import { distributionOf } from '../osv/distributions.ts';
import { languageOf } from '../osv/languages.ts';
import type { VersionScheme } from '../versions/scheme.ts';
import type { PackageUrl } from './package-url.ts';

export type PackagePlace = {
  readonly buckets: readonly string[];
  readonly names: readonly string[];
  /** How single versions are written; undefined where rows do not tell versions apart. */
  readonly scheme?: VersionScheme;
};

/** OSV's ecosystem of a purl type, and how namespace and name become OSV's name. */
const types = new Map<string, { readonly ecosystem: string; readonly join: string }>([
  ['npm', { ecosystem: 'npm', join: '/' }],
  ['pypi', { ecosystem: 'PyPI', join: '/' }],
  ['golang', { ecosystem: 'Go', join: '/' }],
  ['cargo', { ecosystem: 'crates.io', join: '/' }],
  ['maven', { ecosystem: 'Maven', join: ':' }],
  ['gem', { ecosystem: 'RubyGems', join: '/' }],
  ['nuget', { ecosystem: 'NuGet', join: '/' }],
  ['composer', { ecosystem: 'Packagist', join: '/' }],
  ['hex', { ecosystem: 'Hex', join: '/' }],
  ['pub', { ecosystem: 'Pub', join: '/' }],
  ['swift', { ecosystem: 'SwiftURL', join: '/' }],
  ['conan', { ecosystem: 'ConanCenter', join: '/' }],
  ['bitnami', { ecosystem: 'Bitnami', join: '/' }],
  ['julia', { ecosystem: 'Julia', join: '/' }],
]);

/**
 * The rows that a package without its version stands for; undefined when they cannot be told. `collections` are those of
 * own OSV evidence, whose buckets are called by them.
 */
export function placeOfPackage(purl: PackageUrl, collections: readonly string[]): PackagePlace | undefined {
  const known = types.get(purl.type);
  const language = known && languageOf(known.ecosystem);
  if (known !== undefined && language !== undefined) {
    const name = purl.namespace === '' ? purl.name : `${purl.namespace}${known.join}${purl.name}`;
    const upstream = [
      ...(language.github === undefined ? [] : [githubBucket(language)]),
      ...languageFeedBuckets(language),
    ];
    const own = collections.map((c) => `${language.prefix}::${c}`);
    return { buckets: [...upstream, ...own], names: language.names(name), scheme: language.scheme };
  }
  const ecosystem = distributionEcosystem(purl);
  const distribution = ecosystem === undefined ? undefined : distributionOf(ecosystem);
  return distribution && { buckets: [distribution.bucket], names: [purl.name] };
}

/** By the `distro` qualifier, which tells the release: `debian-12`, `alpine-3.20.1`. */
function distributionEcosystem({ namespace, qualifiers }: PackageUrl): string | undefined {
  const match = /^([a-z]+)-(\d+)(?:\.(\d+))?/.exec(qualifiers.get('distro') ?? '');
  if (match === null) return namespace === 'wolfi' || namespace === 'chainguard' ? capitalised(namespace) : undefined;
  const [, name = '', major = '', minor = '0'] = match;
  if (name === 'debian') return `Debian:${major}`;
  if (name === 'ubuntu') return `Ubuntu:${major}.${minor}`;
  if (name === 'alpine') return `Alpine:v${major}.${minor}`;
  if (name === 'almalinux') return `AlmaLinux:${major}`;
  return name === 'rocky' ? `Rocky Linux:${major}` : undefined;
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

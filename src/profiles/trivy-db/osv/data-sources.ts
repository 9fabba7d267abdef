// Data sources: who says what a bucket holds. Feeds that upstream's database has are called as there, so that severities
// and bucket names meet those of an overlay; evidence of another SOURCE is called by its collection (docs/formats.md).

import type { Json } from '../../../core/canonical-json.ts';
import type { DistributionSource } from './distributions.ts';
import type { Language } from './languages.ts';

export type DataSource = {
  readonly ID: string;
  readonly Name: string;
  readonly URL?: string;
  readonly BaseID?: string;
};

/** Where several sources describe one vulnerability, the one that is first here gives title and text. */
const precedence = (
  'debian ubuntu alpine suse-cvrf photon alma rocky cbl-mariner azure ghsa osv ' +
  'k8s wolfi chainguard bitnami govulndb julia echo minimos rootio'
).split(' ');

/** Feeds of language advisories that are known by the prefix of their identifiers. */
const feeds = new Map<string, DataSource>([
  ['GO', { ID: 'govulndb', Name: 'The Go Vulnerability Database', URL: 'https://pkg.go.dev/vuln/' }],
  ['BIT', { ID: 'bitnami', Name: 'Bitnami Vulnerability Database', URL: 'https://github.com/bitnami/vulndb' }],
  [
    'JLSEC',
    {
      ID: 'julia',
      Name: 'Julia Ecosystem Security Advisories',
      URL: 'https://github.com/JuliaLang/SecurityAdvisories.jl',
    },
  ],
  [
    'PYSEC',
    { ID: 'osv', Name: 'Python Packaging Advisory Database', URL: 'https://github.com/pypa/advisory-database' },
  ],
  ['RUSTSEC', { ID: 'osv', Name: 'RustSec Advisory Database', URL: 'https://github.com/rustsec/advisory-db' }],
]);

const kubernetes: DataSource = {
  ID: 'k8s',
  Name: 'Official Kubernetes CVE Feed',
  URL: 'https://kubernetes.io/docs/reference/issues-security/official-cve-feed/index.json',
};

const distributions: { readonly [source in DistributionSource]: DataSource } = {
  debian: {
    ID: 'debian',
    Name: 'Debian Security Tracker',
    URL: 'https://salsa.debian.org/security-tracker-team/security-tracker',
  },
  ubuntu: { ID: 'ubuntu', Name: 'Ubuntu CVE Tracker', URL: 'https://git.launchpad.net/ubuntu-cve-tracker' },
  alpine: { ID: 'alpine', Name: 'Alpine Secdb', URL: 'https://secdb.alpinelinux.org/' },
  alma: { ID: 'alma', Name: 'AlmaLinux Product Errata', URL: 'https://errata.almalinux.org/' },
  rocky: { ID: 'rocky', Name: 'Rocky Linux updateinfo', URL: 'https://download.rockylinux.org/pub/rocky/' },
  'suse-cvrf': { ID: 'suse-cvrf', Name: 'SUSE CVRF', URL: 'https://ftp.suse.com/pub/projects/security/cvrf/' },
  photon: {
    ID: 'photon',
    Name: 'Photon OS CVE metadata',
    URL: 'https://packages.broadcom.com/photon/photon_cve_metadata/',
  },
  azure: azureData('azure', 'Azure Linux'),
  'cbl-mariner': azureData('cbl-mariner', 'CBL-Mariner'),
  wolfi: { ID: 'wolfi', Name: 'Wolfi Secdb', URL: 'https://packages.wolfi.dev/os/security.json' },
  chainguard: {
    ID: 'chainguard',
    Name: 'Chainguard Security Data',
    URL: 'https://packages.cgr.dev/chainguard/security.json',
  },
  minimos: {
    ID: 'minimos',
    Name: 'MinimOS Security Data',
    URL: 'https://packages.mini.dev/advisories/secdb/security.json',
  },
  echo: { ID: 'echo', Name: 'Echo', URL: 'https://advisory.echohq.com/data.json' },
  'rootio-debian': rootData('debian'),
  'rootio-ubuntu': rootData('ubuntu'),
  'rootio-alpine': rootData('alpine'),
};

export const redHatSource: DataSource = {
  ID: 'redhat-oval',
  Name: 'Red Hat OVAL v2',
  URL: 'https://www.redhat.com/security/data/oval/v2/',
};

function azureData(id: string, name: string): DataSource {
  return {
    ID: id,
    Name: `${name} Vulnerability Data`,
    URL: 'https://github.com/microsoft/AzureLinuxVulnerabilityData',
  };
}

function rootData(base: string): DataSource {
  return {
    ID: 'rootio',
    Name: `Root.io Security Patches (${base})`,
    URL: 'https://api.root.io/external/patch_feed',
    BaseID: base,
  };
}

export function distributionData(source: DistributionSource): DataSource {
  return distributions[source];
}

/** Who says what the record `id` of collection `c` says of packages of `language`. */
export function languageData(id: string, c: string, language: Language): DataSource {
  if (language.prefix === 'k8s') return kubernetes;
  const prefix = /^[A-Z]+(?=-)/.exec(id)?.[0] ?? '';
  if (prefix === 'GHSA' && language.github !== undefined) return githubData(language.github);
  return feeds.get(prefix) ?? ownData(c);
}

function githubData(ecosystem: string): DataSource {
  return {
    ID: 'ghsa',
    Name: `GitHub Security Advisory ${ecosystem}`,
    URL: `https://github.com/advisories?query=type%3Areviewed+ecosystem%3A${ecosystem.toLowerCase()}`,
  };
}

/**
 * Named by its collection (`osv/acme`): lower case sorts behind every name that upstream has, and where several buckets
 * of an ecosystem speak of one package and vulnerability, Trivy takes the last.
 */
function ownData(c: string): DataSource {
  return { ID: c, Name: c };
}

/** The bucket of the GitHub Advisory Database for `language`. */
export function githubBucket(language: Language): string {
  return languageBucket(language, githubData(language.github ?? ''));
}

/** Buckets that upstream's databases and known feeds have for `language` besides GitHub's. */
export function languageFeedBuckets(language: Language): string[] {
  const names = feedNames.get(language.prefix) ?? [];
  return [...names, 'The Aqua Security Vulnerability Database'].map((name) => `${language.prefix}::${name}`);
}

const feedNames = new Map<string, readonly string[]>([
  ['npm', ['Node.js Ecosystem Security Working Group']],
  ['pip', ['Python Packaging Advisory Database']],
  ['go', ['The Go Vulnerability Database']],
  ['cargo', ['RustSec Advisory Database']],
  ['rubygems', ['Ruby Advisory Database']],
  ['composer', ['PHP Security Advisories Database']],
  ['conan', ['GitLab Advisory Database Community']],
  ['bitnami', ['Bitnami Vulnerability Database']],
  ['k8s', [kubernetes.Name]],
  ['julia', ['Julia Ecosystem Security Advisories']],
]);

export function languageBucket(language: Language, source: DataSource): string {
  return `${language.prefix}::${source.Name}`;
}

/** Rank of what the source `id` says among own evidence (database/row.ts); sources without a place are the tenant's. */
export function rankOfSource(id: string): number {
  const place = precedence.indexOf(id);
  return place < 0 ? 200 : 100 - place;
}

export function dataSourceJson(source: DataSource): Json {
  return { ...source };
}

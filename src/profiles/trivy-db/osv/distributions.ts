// Ecosystems of Linux distributions: the bucket of one release, whose key Trivy looks packages up by, and what the bucket
// can say (docs/formats.md, "Rows of trivy:db").

import { apkScheme, debScheme, rpmScheme } from '../versions/distribution.ts';
import type { VersionScheme } from '../versions/scheme.ts';

export type Distribution = {
  readonly bucket: string;
  readonly source: DistributionSource;
  readonly scheme: VersionScheme;
  /** What Trivy makes of a row without a fixed version: a finding, or nothing. */
  readonly unfixed: 'reported' | 'ignored';
  /** Rows carry the lower bound (Alpine alone). */
  readonly lowerBound?: true;
  /** Rows stand under the record's own identifier (SUSE), not under its CVEs. */
  readonly ownKey?: true;
  /** Rows hold ranges (Root.io). */
  readonly ranges?: true;
};

export type DistributionSource =
  | 'debian'
  | 'ubuntu'
  | 'alpine'
  | 'alma'
  | 'rocky'
  | 'suse-cvrf'
  | 'photon'
  | 'azure'
  | 'cbl-mariner'
  | 'wolfi'
  | 'chainguard'
  | 'minimos'
  | 'echo'
  | 'rootio-debian'
  | 'rootio-ubuntu'
  | 'rootio-alpine';

type Reader = (release: string) => Distribution | undefined;

const deb = { scheme: debScheme, unfixed: 'reported' } as const;
const apk = { scheme: apkScheme, unfixed: 'ignored' } as const;
const rpm = { scheme: rpmScheme, unfixed: 'ignored' } as const;
const suse = { ...rpm, source: 'suse-cvrf', ownKey: true } as const;

/** By OSV's name of the ecosystem, without its release. */
const readers = new Map<string, Reader>([
  ['Debian', (release) => when(/^\d+$/.test(release), { bucket: `debian ${release}`, source: 'debian', ...deb })],
  ['Ubuntu', ubuntu],
  ['Alpine', alpine],
  ['Wolfi', rolling('wolfi')],
  ['Chainguard', rolling('chainguard')],
  ['MinimOS', rolling('minimos')],
  ['Echo', (release) => when(release === '', { bucket: 'echo', source: 'echo', ...deb })],
  ['AlmaLinux', (release) => when(/^\d+$/.test(release), { bucket: `alma ${release}`, source: 'alma', ...rpm })],
  ['Rocky Linux', (release) => when(/^\d+$/.test(release), { bucket: `rocky ${release}`, source: 'rocky', ...rpm })],
  [
    'Photon OS',
    (release) => when(/^\d+\.\d+$/.test(release), { bucket: `Photon OS ${release}`, source: 'photon', ...rpm }),
  ],
  ['Azure Linux', azure],
  ['SUSE', (product) => suseProduct(`SUSE ${product}`)],
  ['openSUSE', (product) => suseProduct(`openSUSE ${product}`)],
  ['Root', root],
]);

/** The distribution and release of an OSV ecosystem; undefined for those that Trivy does not read. */
export function distributionOf(ecosystem: string): Distribution | undefined {
  const colon = ecosystem.indexOf(':');
  const name = colon < 0 ? ecosystem : ecosystem.slice(0, colon);
  return readers.get(name)?.(colon < 0 ? '' : ecosystem.slice(colon + 1));
}

function when(condition: boolean, distribution: Distribution): Distribution | undefined {
  return condition ? distribution : undefined;
}

/** `22.04:LTS`, `23.10`, and `Pro:16.04:LTS`, whose packages come from Expanded Security Maintenance. */
function ubuntu(release: string): Distribution | undefined {
  const match = /^(Pro:)?(\d\d\.\d\d)(?::LTS)?$/.exec(release);
  if (match === null) return undefined;
  const [, pro, version = ''] = match;
  return { bucket: `ubuntu ${version}${pro === undefined ? '' : '-ESM'}`, source: 'ubuntu', ...deb };
}

function alpine(release: string): Distribution | undefined {
  const version = release === 'edge' ? release : /^v(\d+\.\d+)$/.exec(release)?.[1];
  return version === undefined
    ? undefined
    : { bucket: `alpine ${version}`, source: 'alpine', scheme: apkScheme, unfixed: 'reported', lowerBound: true };
}

function rolling(source: 'wolfi' | 'chainguard' | 'minimos'): Reader {
  return (release) => when(release === '', { bucket: source, source, ...apk });
}

/** Releases up to 2 were called CBL-Mariner. */
function azure(release: string): Distribution | undefined {
  const match = /^(\d+)(?:\.0)?$/.exec(release);
  if (match === null) return undefined;
  const major = Number(match[1]);
  const rows = { scheme: rpmScheme, unfixed: 'reported' } as const;
  return major <= 2
    ? { bucket: `CBL-Mariner ${major}.0`, source: 'cbl-mariner', ...rows }
    : { bucket: `Azure Linux ${major}.0`, source: 'azure', ...rows };
}

/** Products by their marketing names, such as `SUSE Linux Enterprise Module for Basesystem 15 SP5`. */
function suseProduct(product: string): Distribution | undefined {
  if (product.startsWith('openSUSE Tumbleweed')) return { bucket: 'openSUSE Tumbleweed', ...suse };
  const leap = /^openSUSE Leap (\d+\.\d+)/.exec(product)?.[1];
  if (leap !== undefined) return { bucket: `openSUSE Leap ${leap}`, ...suse };
  const micro = /^SUSE Linux (?:Enterprise )?Micro (\d+\.\d+)/.exec(product)?.[1];
  if (micro !== undefined) return { bucket: `SUSE Linux Enterprise Micro ${micro}`, ...suse };
  if (!product.startsWith('SUSE Linux Enterprise') || /Storage|SUSE Manager/.test(product)) return undefined;
  const match = /(?:^| )(\d+)(?:[ -]SP(\d+)|\.(\d+))?(?:[ -][A-Za-z].*)?$/.exec(product);
  if (match === null) return undefined;
  const [, version = '', servicePack, minor] = match;
  const point = servicePack ?? minor;
  return { bucket: `SUSE Linux Enterprise ${version}${point === undefined ? '' : `.${point}`}`, ...suse };
}

function root(release: string): Distribution | undefined {
  const match = /^(Debian|Ubuntu|Alpine):v?(\d+(?:\.\d+)?)$/.exec(release);
  if (match === null) return undefined;
  const base = (match[1] ?? '').toLowerCase() as 'debian' | 'ubuntu' | 'alpine';
  return {
    bucket: `root.io ${base} ${match[2]}`,
    source: `rootio-${base}`,
    scheme: base === 'alpine' ? apkScheme : debScheme,
    unfixed: 'reported',
    ranges: true,
  };
}

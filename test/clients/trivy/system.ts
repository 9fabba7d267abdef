// One small system of a distribution: a CycloneDX document, advisories as OSV records, and the findings that follow from
// their texts.

import type { Json } from '../../../src/core/canonical-json.ts';
import type { Finding } from './project.ts';

export type System = {
  readonly name: string;
  readonly sbom: Json;
  readonly records: readonly Json[];
  readonly findings: readonly Finding[];
};

type Package = readonly [name: string, version: string];

/** A system of `os` in this release with these packages. */
export function sbom(
  os: string,
  release: string,
  purl: (name: string, version: string) => string,
  packages: readonly Package[],
): Json {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    components: [
      { 'bom-ref': 'os', type: 'operating-system', name: os, version: release },
      ...packages.map(([name, version]) => ({
        'bom-ref': purl(name, version),
        type: 'library',
        name,
        version,
        purl: purl(name, version),
      })),
    ],
    dependencies: [{ ref: 'os', dependsOn: packages.map(([name, version]) => purl(name, version)) }],
  };
}

const encode = encodeURIComponent;
export const deb = (distro: string) => (name: string, version: string) =>
  `pkg:deb/${distro.split('-')[0]}/${name}@${encode(version)}?arch=amd64&distro=${distro}`;
export const apk = (distro: string) => (name: string, version: string) =>
  `pkg:apk/${distro.split('-')[0]}/${name}@${encode(version)}?arch=x86_64&distro=${distro}`;
export const rpm = (vendor: string, distro: string) => (name: string, version: string) =>
  `pkg:rpm/${vendor}/${name}@${encode(version)}?arch=x86_64&distro=${distro}`;

export const cve = (number: number) => `CVE-2026-${number}`;
export const fixed = (version: string) =>
  [
    ['introduced', '0'],
    ['fixed', version],
  ] as const;

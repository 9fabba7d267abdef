// One small system for each distribution, as a CycloneDX document, with advisories as OSV records and the findings that
// follow from their texts.

import type { Json } from '../../../src/core/canonical-json.ts';
import { record, type Finding } from './project.ts';

export type System = {
  readonly name: string;
  readonly sbom: Json;
  readonly records: readonly Json[];
  readonly findings: readonly Finding[];
};

type Package = readonly [name: string, version: string];

function sbom(
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
const deb = (distro: string) => (name: string, version: string) =>
  `pkg:deb/${distro.split('-')[0]}/${name}@${encode(version)}?arch=amd64&distro=${distro}`;
const apk = (distro: string) => (name: string, version: string) =>
  `pkg:apk/${distro.split('-')[0]}/${name}@${encode(version)}?arch=x86_64&distro=${distro}`;
const rpm = (vendor: string, distro: string) => (name: string, version: string) =>
  `pkg:rpm/${vendor}/${name}@${encode(version)}?arch=x86_64&distro=${distro}`;

const cve = (number: number) => `CVE-2026-${number}`;
const fixed = (version: string) =>
  [
    ['introduced', '0'],
    ['fixed', version],
  ] as const;

export const systems: readonly System[] = [
  {
    name: 'debian',
    sbom: sbom('debian', '12.5', deb('debian-12.5'), [
      ['acme', '1.2-1+deb12u1'],
      ['left', '1:0.9-3'],
      ['right', '2.0-1'],
      ['up', '5.0~rc1-1'],
    ]),
    records: [
      record('DEBIAN-CVE-2026-3001', 'Debian:12', 'acme', fixed('1.2-1+deb12u2'), { upstream: [cve(3001)] }),
      record('DEBIAN-CVE-2026-3002', 'Debian:12', 'left', [['introduced', '0']], { upstream: [cve(3002)] }),
      record('DEBIAN-CVE-2026-3003', 'Debian:12', 'right', fixed('2.0-1'), { upstream: [cve(3003)] }),
      record('DEBIAN-CVE-2026-3004', 'Debian:12', 'up', fixed('5.0-1'), {
        upstream: [cve(3004)],
        severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
      }),
      record('DEBIAN-CVE-2026-3005', 'Debian:11', 'acme', fixed('9.0-1'), { upstream: [cve(3005)] }),
    ],
    findings: [
      {
        id: cve(3001),
        name: 'acme',
        installed: '1.2-1+deb12u1',
        fixed: '1.2-1+deb12u2',
        severity: 'UNKNOWN',
        source: 'Debian Security Tracker',
      },
      {
        id: cve(3002),
        name: 'left',
        installed: '1:0.9-3',
        fixed: '',
        severity: 'UNKNOWN',
        source: 'Debian Security Tracker',
      },
      {
        id: cve(3004),
        name: 'up',
        installed: '5.0~rc1-1',
        fixed: '5.0-1',
        severity: 'CRITICAL',
        source: 'Debian Security Tracker',
      },
    ],
  },
  {
    name: 'ubuntu',
    sbom: sbom('ubuntu', '22.04', deb('ubuntu-22.04'), [
      ['acme', '1.2-1ubuntu1'],
      ['left', '1.0-1'],
    ]),
    records: [
      record('UBUNTU-CVE-2026-3101', 'Ubuntu:22.04:LTS', 'acme', fixed('1.2-1ubuntu1.1'), {
        upstream: [cve(3101)],
        severity: [{ type: 'Ubuntu', score: 'medium' }],
      }),
      record('UBUNTU-CVE-2026-3102', 'Ubuntu:Pro:22.04:LTS', 'left', fixed('1.0-1+esm1'), { upstream: [cve(3102)] }),
    ],
    findings: [
      {
        id: cve(3101),
        name: 'acme',
        installed: '1.2-1ubuntu1',
        fixed: '1.2-1ubuntu1.1',
        severity: 'MEDIUM',
        source: 'Ubuntu CVE Tracker',
      },
    ],
  },
  {
    name: 'alpine',
    sbom: sbom('alpine', '3.18.4', apk('alpine-3.18.4'), [
      ['acme', '1.36.1-r2'],
      ['left', '2.0.0_rc1-r0'],
      ['right', '0.9.9-r0'],
    ]),
    records: [
      record('ALPINE-CVE-2026-3201', 'Alpine:v3.18', 'acme', fixed('1.36.1-r5'), { upstream: [cve(3201)] }),
      record('ALPINE-CVE-2026-3202', 'Alpine:v3.18', 'left', fixed('2.0.0-r0'), { upstream: [cve(3202)] }),
      record(
        'ALPINE-CVE-2026-3203',
        'Alpine:v3.18',
        'right',
        [
          ['introduced', '1.0.0-r0'],
          ['fixed', '1.1.0-r0'],
        ],
        { upstream: [cve(3203)] },
      ),
    ],
    findings: [
      {
        id: cve(3201),
        name: 'acme',
        installed: '1.36.1-r2',
        fixed: '1.36.1-r5',
        severity: 'UNKNOWN',
        source: 'Alpine Secdb',
      },
      {
        id: cve(3202),
        name: 'left',
        installed: '2.0.0_rc1-r0',
        fixed: '2.0.0-r0',
        severity: 'UNKNOWN',
        source: 'Alpine Secdb',
      },
    ],
  },
  {
    name: 'wolfi',
    sbom: sbom('wolfi', '20230201', apk('wolfi-20230201'), [
      ['acme', '1.2.3-r0'],
      ['left', '1.0.0-r1'],
    ]),
    records: [
      record('CGA-aaaa-bbbb-cccc', 'Wolfi', 'acme', fixed('1.2.3-r1'), { upstream: [cve(3301)] }),
      record('CGA-aaaa-bbbb-dddd', 'Wolfi', 'left', fixed('1.0.0-r1'), { upstream: [cve(3302)] }),
    ],
    findings: [
      {
        id: cve(3301),
        name: 'acme',
        installed: '1.2.3-r0',
        fixed: '1.2.3-r1',
        severity: 'UNKNOWN',
        source: 'Wolfi Secdb',
      },
    ],
  },
  {
    name: 'almalinux',
    sbom: sbom('alma', '9.3', rpm('alma', 'alma-9.3'), [
      ['acme', '1.2-3.el9'],
      ['left', '2.0-1.el9_3'],
    ]),
    records: [
      record('ALSA-2026:1001', 'AlmaLinux:9', 'acme', fixed('1.2-3.el9_3.1'), {
        related: [cve(3401), cve(3402)],
        summary: 'Important: acme security update',
      }),
      record('ALSA-2026:1002', 'AlmaLinux:9', 'left', fixed('2.0-1.el9_3'), { related: [cve(3403)] }),
    ],
    findings: [
      {
        id: cve(3401),
        name: 'acme',
        installed: '1.2-3.el9',
        fixed: '1.2-3.el9_3.1',
        severity: 'HIGH',
        source: 'AlmaLinux Product Errata',
      },
      {
        id: cve(3402),
        name: 'acme',
        installed: '1.2-3.el9',
        fixed: '1.2-3.el9_3.1',
        severity: 'HIGH',
        source: 'AlmaLinux Product Errata',
      },
    ],
  },
  {
    name: 'rocky',
    sbom: sbom('rocky', '9.3', rpm('rocky', 'rocky-9.3'), [
      ['acme', '1.2-3.el9'],
      ['left', '2.0-1.el9'],
    ]),
    records: [
      record('RLSA-2026:1001', 'Rocky Linux:9', 'acme', fixed('0:1.2-4.el9'), {
        upstream: [cve(3501)],
        severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N' }],
      }),
      record('RLSA-2026:1002', 'Rocky Linux:9', 'left', fixed('0:2.0-1.el9'), { upstream: [cve(3502)] }),
    ],
    findings: [
      {
        id: cve(3501),
        name: 'acme',
        installed: '1.2-3.el9',
        fixed: '1.2-4.el9',
        severity: 'MEDIUM',
        source: 'Rocky Linux updateinfo',
      },
    ],
  },
  {
    name: 'opensuse-leap',
    sbom: sbom('opensuse-leap', '15.6', rpm('opensuse', 'opensuse-leap-15.6'), [
      ['libacme1', '1.2-150600.1.1'],
      ['left', '2.0-1.1'],
    ]),
    records: [
      {
        ...(record('openSUSE-SU-2026:1-1', 'openSUSE:Leap 15.6', 'acme', fixed('1.2-150600.3.1'), {
          upstream: [cve(3601)],
          summary: 'Security update for acme',
        }) as object),
        affected: [
          {
            package: { ecosystem: 'openSUSE:Leap 15.6', name: 'acme' },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2-150600.3.1' }] }],
            ecosystem_specific: { binaries: [{ libacme1: '1.2-150600.3.1', 'acme-tools': '1.2-150600.3.1' }] },
          },
        ],
      },
    ],
    findings: [
      {
        id: 'openSUSE-SU-2026:1-1',
        name: 'libacme1',
        installed: '1.2-150600.1.1',
        fixed: '1.2-150600.3.1',
        severity: 'UNKNOWN',
        source: 'SUSE CVRF',
      },
    ],
  },
  {
    name: 'photon',
    sbom: sbom('photon', '5.0', rpm('photon', 'photon-5.0'), [['acme', '1.2-3.ph5']]),
    records: [record('PHSA-2026-5.0-1', 'Photon OS:5.0', 'acme', fixed('1.2-4.ph5'), { upstream: [cve(3701)] })],
    findings: [
      {
        id: cve(3701),
        name: 'acme',
        installed: '1.2-3.ph5',
        fixed: '1.2-4.ph5',
        severity: 'UNKNOWN',
        source: 'Photon OS CVE metadata',
      },
    ],
  },
  {
    name: 'azurelinux',
    sbom: sbom('azurelinux', '3.0', rpm('azurelinux', 'azurelinux-3.0'), [
      ['acme', '1.2-3.azl3'],
      ['left', '1.0-1.azl3'],
    ]),
    records: [
      record('AZL-1', 'Azure Linux:3', 'acme', fixed('1.2-4.azl3'), { upstream: [cve(3801)] }),
      record('AZL-2', 'Azure Linux:3', 'left', [['introduced', '0']], { upstream: [cve(3802)] }),
    ],
    findings: [
      {
        id: cve(3801),
        name: 'acme',
        installed: '1.2-3.azl3',
        fixed: '1.2-4.azl3',
        severity: 'UNKNOWN',
        source: 'Azure Linux Vulnerability Data',
      },
      {
        id: cve(3802),
        name: 'left',
        installed: '1.0-1.azl3',
        fixed: '',
        severity: 'UNKNOWN',
        source: 'Azure Linux Vulnerability Data',
      },
    ],
  },
  {
    name: 'redhat',
    sbom: sbom('redhat', '9.3', rpm('redhat', 'redhat-9.3'), [
      ['acme', '1.2-3.el9'],
      ['left', '1.0-1.el9'],
    ]),
    records: [
      record('RHSA-2026:1001', 'Red Hat:enterprise_linux:9::baseos', 'acme', fixed('0:1.2-4.el9_3'), {
        upstream: [cve(3901)],
        summary: 'Moderate: acme security update',
      }),
      record('RHSA-2026:1002', 'Red Hat:enterprise_linux:8::baseos', 'left', fixed('0:2.0-1.el8'), {
        upstream: [cve(3902)],
      }),
    ],
    findings: [
      {
        id: cve(3901),
        name: 'acme',
        installed: '1.2-3.el9',
        fixed: '1.2-4.el9_3',
        severity: 'MEDIUM',
        // Trivy names no source for Red Hat.
        source: '',
      },
    ],
  },
];

// Systems with packages of Debian and Alpine.

import { record } from './project.ts';
import { apk, cve, deb, fixed, sbom, type System } from './system.ts';

export const debApkSystems: readonly System[] = [
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
    name: 'chainguard',
    sbom: sbom('chainguard', '20230214', apk('chainguard-20230214'), [
      ['acme', '1.2.3-r0'],
      ['left', '1.0.0-r1'],
    ]),
    records: [
      record('ACME-4001', 'Chainguard', 'acme', fixed('1.2.3-r1'), { upstream: [cve(4001)] }),
      record('ACME-4002', 'Chainguard', 'left', fixed('1.0.0-r1'), { upstream: [cve(4002)] }),
    ],
    findings: [
      {
        id: cve(4001),
        name: 'acme',
        installed: '1.2.3-r0',
        fixed: '1.2.3-r1',
        severity: 'UNKNOWN',
        source: 'Chainguard Security Data',
      },
    ],
  },
  {
    name: 'minimos',
    sbom: sbom('minimos', '20230214', apk('minimos-20230214'), [
      ['acme', '1.2.3-r0'],
      ['left', '1.0.0-r1'],
    ]),
    records: [
      record('ACME-4101', 'MinimOS', 'acme', fixed('1.2.3-r1'), { upstream: [cve(4101)] }),
      record('ACME-4102', 'MinimOS', 'left', fixed('1.0.0-r1'), { upstream: [cve(4102)] }),
    ],
    findings: [
      {
        id: cve(4101),
        name: 'acme',
        installed: '1.2.3-r0',
        fixed: '1.2.3-r1',
        severity: 'UNKNOWN',
        source: 'MinimOS Security Data',
      },
    ],
  },
  {
    name: 'echo',
    sbom: sbom('echo', '1', deb('echo-1'), [
      ['acme', '1.2-1+e1'],
      ['left', '1.0-1'],
    ]),
    records: [
      record('ECHO-1', 'Echo', 'acme', fixed('1.2-1+e2'), { upstream: [cve(4201)] }),
      record('ECHO-2', 'Echo', 'left', fixed('1.0-1'), { upstream: [cve(4202)] }),
    ],
    findings: [
      { id: cve(4201), name: 'acme', installed: '1.2-1+e1', fixed: '1.2-1+e2', severity: 'UNKNOWN', source: 'Echo' },
    ],
  },
];

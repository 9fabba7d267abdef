// Systems with packages of RPM.

import { record } from './project.ts';
import { cve, fixed, rpm, sbom, type System } from './system.ts';

export const rpmSystems: readonly System[] = [
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
  {
    name: 'cbl-mariner',
    sbom: sbom('cbl-mariner', '2.0.20240123', rpm('cbl-mariner', 'cbl-mariner-2.0.20240123'), [
      ['acme', '1.2-3.cm2'],
      ['left', '1.0-1.cm2'],
    ]),
    records: [
      record('AZL-11', 'Azure Linux:2', 'acme', fixed('1.2-4.cm2'), { upstream: [cve(4301)] }),
      record('AZL-12', 'Azure Linux:2', 'left', fixed('1.0-1.cm2'), { upstream: [cve(4302)] }),
    ],
    findings: [
      {
        id: cve(4301),
        name: 'acme',
        installed: '1.2-3.cm2',
        fixed: '1.2-4.cm2',
        severity: 'UNKNOWN',
        source: 'CBL-Mariner Vulnerability Data',
      },
    ],
  },
  {
    name: 'sles',
    sbom: sbom('sles', '15.5', rpm('suse', 'sles-15.5'), [
      ['acme', '1.2-150500.1.1'],
      ['left', '2.0-1.1'],
    ]),
    records: [
      record('SUSE-SU-2026:1-1', 'SUSE:Linux Enterprise Server 15 SP5', 'acme', fixed('1.2-150500.3.1'), {
        upstream: [cve(4401)],
      }),
      record('SUSE-SU-2026:2-1', 'SUSE:Linux Enterprise Server 15 SP4', 'left', fixed('2.0-2.1'), {
        upstream: [cve(4402)],
      }),
    ],
    findings: [
      {
        id: 'SUSE-SU-2026:1-1',
        name: 'acme',
        installed: '1.2-150500.1.1',
        fixed: '1.2-150500.3.1',
        severity: 'UNKNOWN',
        source: 'SUSE CVRF',
      },
    ],
  },
];

// Projects of Go, crates.io, Maven, NuGet, Swift and Conan. Each project also has a package whose version is not affected, which no expected list names.

import { high, record, type Project } from './project.ts';

export const compiledProjects: readonly Project[] = [
  {
    ecosystem: 'Go',
    files: {
      'go.mod':
        'module example.com/app\n\ngo 1.21\n\nrequire (\n\texample.com/Acme/lib v1.2.3\n\texample.com/acme/other v0.0.0-20240101000000-abcdefabcdef\n\texample.com/acme/fine v2.0.0+incompatible\n)\n',
      'main.go': 'package main\n\nfunc main() {}\n',
    },
    records: [
      record(
        'GO-2026-0001',
        'Go',
        'example.com/Acme/lib',
        [
          ['introduced', '0'],
          ['fixed', '1.2.4'],
        ],
        { aliases: ['CVE-2026-1201', 'GHSA-gogo-aaaa-bbbb'], ...high },
      ),
      record('GO-2026-0002', 'Go', 'example.com/acme/other', [
        ['introduced', '0'],
        ['fixed', '0.0.0-20240201000000-abcdefabcdef'],
      ]),
      record('GO-2026-0003', 'Go', 'example.com/acme/fine', [
        ['introduced', '0'],
        ['fixed', '2.0.0+incompatible'],
      ]),
    ],
    findings: [
      {
        id: 'CVE-2026-1201',
        name: 'example.com/Acme/lib',
        installed: 'v1.2.3',
        fixed: '1.2.4',
        severity: 'HIGH',
        source: 'The Go Vulnerability Database',
      },
      {
        id: 'GO-2026-0002',
        name: 'example.com/acme/other',
        installed: 'v0.0.0-20240101000000-abcdefabcdef',
        fixed: '0.0.0-20240201000000-abcdefabcdef',
        severity: 'UNKNOWN',
        source: 'The Go Vulnerability Database',
      },
    ],
  },
  {
    ecosystem: 'crates.io',
    files: {
      'Cargo.lock':
        'version = 3\n\n[[package]]\nname = "app"\nversion = "0.1.0"\ndependencies = ["acme-core", "acme-io"]\n\n[[package]]\nname = "acme-core"\nversion = "0.3.1"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n\n[[package]]\nname = "acme-io"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n',
    },
    records: [
      record(
        'RUSTSEC-2026-0001',
        'crates.io',
        'acme-core',
        [
          ['introduced', '0.0.0-0'],
          ['fixed', '0.3.2'],
        ],
        { aliases: ['CVE-2026-1301'] },
      ),
      record('RUSTSEC-2026-0002', 'crates.io', 'acme-io', [['introduced', '1.0.1']], high),
    ],
    findings: [
      {
        id: 'CVE-2026-1301',
        name: 'acme-core',
        installed: '0.3.1',
        fixed: '0.3.2',
        severity: 'UNKNOWN',
        source: 'RustSec Advisory Database',
      },
    ],
  },
  {
    ecosystem: 'Maven',
    files: {
      'gradle.lockfile':
        '# This is a Gradle generated file for dependency locking.\ncom.acme:core:2.9.10=runtimeClasspath\ncom.acme:rel:1.0.Final=runtimeClasspath\ncom.acme:snap:1.1-SNAPSHOT=runtimeClasspath\nempty=\n',
    },
    records: [
      record(
        'GHSA-mavn-aaaa-bbbb',
        'Maven',
        'com.acme:core',
        [
          ['introduced', '2.0.0'],
          ['fixed', '2.9.10.7'],
        ],
        { aliases: ['CVE-2026-1401'], database_specific: { severity: 'CRITICAL' } },
      ),
      record(
        'GHSA-mavn-aaaa-cccc',
        'Maven',
        'com.acme:rel',
        [
          ['introduced', '0'],
          ['fixed', '1.0'],
        ],
        { database_specific: { severity: 'LOW' } },
      ),
      record(
        'GHSA-mavn-aaaa-dddd',
        'Maven',
        'com.acme:snap',
        [
          ['introduced', '0'],
          ['fixed', '1.1'],
        ],
        { database_specific: { severity: 'LOW' } },
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-1401',
        name: 'com.acme:core',
        installed: '2.9.10',
        fixed: '2.9.10.7',
        severity: 'CRITICAL',
        source: 'GitHub Security Advisory Maven',
      },
      {
        id: 'GHSA-mavn-aaaa-dddd',
        name: 'com.acme:snap',
        installed: '1.1-SNAPSHOT',
        fixed: '1.1',
        severity: 'LOW',
        source: 'GitHub Security Advisory Maven',
      },
    ],
  },
  {
    ecosystem: 'NuGet',
    files: {
      'packages.lock.json': JSON.stringify({
        version: 1,
        dependencies: {
          'net8.0': {
            'Acme.Json': { type: 'Direct', requested: '[12.0.1, )', resolved: '12.0.1', contentHash: 'x' },
            'Acme.Xml': { type: 'Direct', requested: '[1.0.0.5, )', resolved: '1.0.0.5', contentHash: 'x' },
          },
        },
      }),
    },
    records: [
      record(
        'GHSA-nget-aaaa-bbbb',
        'NuGet',
        'Acme.Json',
        [
          ['introduced', '0'],
          ['fixed', '13.0.1'],
        ],
        { aliases: ['CVE-2026-1701'], database_specific: { severity: 'HIGH' } },
      ),
      record(
        'GHSA-nget-aaaa-cccc',
        'NuGet',
        'Acme.Xml',
        [
          ['introduced', '0'],
          ['fixed', '1.0.0.5'],
        ],
        { database_specific: { severity: 'HIGH' } },
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-1701',
        name: 'Acme.Json',
        installed: '12.0.1',
        fixed: '13.0.1',
        severity: 'HIGH',
        source: 'GitHub Security Advisory NuGet',
      },
    ],
  },
  {
    ecosystem: 'SwiftURL',
    files: {
      'Package.resolved': JSON.stringify({
        pins: [
          {
            identity: 'acme-nio',
            kind: 'remoteSourceControl',
            location: 'https://github.com/Acme/acme-nio.git',
            state: { revision: 'a', version: '2.41.1' },
          },
          {
            identity: 'acme-ok',
            kind: 'remoteSourceControl',
            location: 'https://github.com/Acme/acme-ok.git',
            state: { revision: 'b', version: '1.0.0' },
          },
        ],
        version: 2,
      }),
    },
    records: [
      record(
        'GHSA-swft-aaaa-bbbb',
        'SwiftURL',
        'github.com/Acme/acme-nio',
        [
          ['introduced', '2.40.0'],
          ['fixed', '2.42.0'],
        ],
        { aliases: ['CVE-2026-2001'], ...high },
      ),
      record(
        'GHSA-swft-aaaa-cccc',
        'SwiftURL',
        'github.com/Acme/acme-ok',
        [
          ['introduced', '0'],
          ['fixed', '1.0.0'],
        ],
        high,
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-2001',
        name: 'github.com/Acme/acme-nio',
        installed: '2.41.1',
        fixed: '2.42.0',
        severity: 'HIGH',
        source: 'GitHub Security Advisory Swift',
      },
    ],
  },
  {
    ecosystem: 'ConanCenter',
    files: {
      'conan.lock': JSON.stringify({
        version: '0.5',
        requires: ['acmessl/1.1.1t#abc%1675000000.0', 'acmezlib/1.2.13#def%1675000000.0'],
        build_requires: [],
        python_requires: [],
      }),
    },
    records: [
      record(
        'ACME-conan-1',
        'ConanCenter',
        'acmezlib',
        [
          ['introduced', '0'],
          ['fixed', '1.3.0'],
        ],
        { aliases: ['CVE-2026-2101'], ...high },
      ),
      record(
        'ACME-conan-2',
        'ConanCenter',
        'acmessl',
        [
          ['introduced', '0'],
          ['fixed', '1.0.0'],
        ],
        high,
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-2101',
        name: 'acmezlib',
        installed: '1.2.13',
        fixed: '1.3.0',
        severity: 'HIGH',
        source: 'osv/acme',
      },
    ],
  },
];

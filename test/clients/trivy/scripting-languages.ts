// Projects of npm, PyPI, RubyGems, Packagist, Hex and Pub. Each project also has a package whose version is not affected, which no expected list names.

import { critical, high, record, type Project } from './project.ts';

export const scriptingProjects: readonly Project[] = [
  {
    ecosystem: 'npm',
    files: {
      'package-lock.json': JSON.stringify({
        name: 'app',
        version: '1.0.0',
        lockfileVersion: 3,
        packages: {
          '': {
            name: 'app',
            version: '1.0.0',
            dependencies: { '@acme/left': '2.0.0-rc.1', right: '1.4.2', up: '5.0.0' },
          },
          'node_modules/@acme/left': { version: '2.0.0-rc.1' },
          'node_modules/right': { version: '1.4.2' },
          'node_modules/up': { version: '5.0.0' },
        },
      }),
    },
    records: [
      record(
        'GHSA-npm1-aaaa-bbbb',
        'npm',
        '@acme/left',
        [
          ['introduced', '0'],
          ['fixed', '2.0.0'],
        ],
        {
          aliases: ['CVE-2026-1001', 'CVE-2026-1002'],
          database_specific: { severity: 'MODERATE' },
        },
      ),
      record(
        'ACME-npm-2',
        'npm',
        'right',
        [
          ['introduced', '1.0.0'],
          ['fixed', '1.4.0'],
          ['introduced', '1.4.1'],
          ['fixed', '1.4.3'],
        ],
        high,
      ),
      record(
        'ACME-npm-3',
        'npm',
        'up',
        [
          ['introduced', '0'],
          ['fixed', '5.0.0'],
        ],
        high,
      ),
    ],
    findings: [
      {
        id: 'ACME-npm-2',
        name: 'right',
        installed: '1.4.2',
        fixed: '1.4.0, 1.4.3',
        severity: 'HIGH',
        source: 'osv/acme',
      },
      {
        id: 'CVE-2026-1001',
        name: '@acme/left',
        installed: '2.0.0-rc.1',
        fixed: '2.0.0',
        severity: 'MEDIUM',
        source: 'GitHub Security Advisory npm',
      },
      {
        id: 'CVE-2026-1002',
        name: '@acme/left',
        installed: '2.0.0-rc.1',
        fixed: '2.0.0',
        severity: 'MEDIUM',
        source: 'GitHub Security Advisory npm',
      },
    ],
  },
  {
    ecosystem: 'PyPI',
    files: { 'requirements.txt': 'Acme.Tool==1.0rc1\nacme_lib==2.5\nacme-old==0.9.post1\n' },
    records: [
      record(
        'PYSEC-2026-1',
        'PyPI',
        'acme-tool',
        [
          ['introduced', '0'],
          ['fixed', '1.0'],
        ],
        { aliases: ['CVE-2026-1101'], ...critical },
      ),
      record('PYSEC-2026-2', 'PyPI', 'acme-lib', [
        ['introduced', '2.0beta2'],
        ['last_affected', '2.5'],
      ]),
      record(
        'PYSEC-2026-3',
        'PyPI',
        'acme-old',
        [
          ['introduced', '0'],
          ['fixed', '0.9'],
        ],
        high,
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-1101',
        name: 'Acme.Tool',
        installed: '1.0rc1',
        fixed: '1.0',
        severity: 'CRITICAL',
        source: 'Python Packaging Advisory Database',
      },
      {
        id: 'PYSEC-2026-2',
        name: 'acme_lib',
        installed: '2.5',
        fixed: '',
        severity: 'UNKNOWN',
        source: 'Python Packaging Advisory Database',
      },
    ],
  },
  {
    ecosystem: 'RubyGems',
    files: {
      'Gemfile.lock':
        'GEM\n  remote: https://rubygems.org/\n  specs:\n    acme (1.0.0.rc1)\n    acme-json (2.3.0)\n    acme-web (4.0.1)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  acme\n  acme-json\n  acme-web\n\nBUNDLED WITH\n   2.4.0\n',
    },
    records: [
      record(
        'GHSA-gems-aaaa-bbbb',
        'RubyGems',
        'acme',
        [
          ['introduced', '0'],
          ['fixed', '1.0.0'],
        ],
        { aliases: ['CVE-2026-1501'], database_specific: { severity: 'HIGH' } },
      ),
      record('GHSA-gems-aaaa-cccc', 'RubyGems', 'acme-json', [], {
        versions: ['2.3.0'],
        database_specific: { severity: 'CRITICAL' },
      }),
      record(
        'GHSA-gems-aaaa-dddd',
        'RubyGems',
        'acme-web',
        [
          ['introduced', '4.0.0'],
          ['fixed', '4.0.1'],
        ],
        { database_specific: { severity: 'CRITICAL' } },
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-1501',
        name: 'acme',
        installed: '1.0.0.rc1',
        fixed: '1.0.0',
        severity: 'HIGH',
        source: 'GitHub Security Advisory RubyGems',
      },
      {
        id: 'GHSA-gems-aaaa-cccc',
        name: 'acme-json',
        installed: '2.3.0',
        fixed: '',
        severity: 'CRITICAL',
        source: 'GitHub Security Advisory RubyGems',
      },
    ],
  },
  {
    ecosystem: 'Packagist',
    files: {
      'composer.lock': JSON.stringify({
        packages: [
          { name: 'acme/blog', version: 'v1.2.3' },
          { name: 'acme/shop', version: '3.1.0' },
        ],
        'packages-dev': [],
      }),
    },
    records: [
      record(
        'GHSA-pack-aaaa-bbbb',
        'Packagist',
        'acme/blog',
        [
          ['introduced', '1.0.0'],
          ['last_affected', '1.2.3'],
        ],
        { aliases: ['CVE-2026-1601'], database_specific: { severity: 'HIGH' } },
      ),
      record(
        'GHSA-pack-aaaa-cccc',
        'Packagist',
        'acme/shop',
        [
          ['introduced', '0'],
          ['fixed', '3.1.0'],
        ],
        { database_specific: { severity: 'HIGH' } },
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-1601',
        name: 'acme/blog',
        installed: 'v1.2.3',
        fixed: '',
        severity: 'HIGH',
        source: 'GitHub Security Advisory Composer',
      },
    ],
  },
  {
    ecosystem: 'Hex',
    files: {
      'mix.lock':
        '%{\n  "acme": {:hex, :acme, "0.7.2", "0000000000000000000000000000000000000000000000000000000000000000", [:mix], [], "hexpm", "0000000000000000000000000000000000000000000000000000000000000000"},\n  "acme_ok": {:hex, :acme_ok, "1.0.0", "0000000000000000000000000000000000000000000000000000000000000000", [:mix], [], "hexpm", "0000000000000000000000000000000000000000000000000000000000000000"},\n}\n',
    },
    records: [
      record(
        'GHSA-hexx-aaaa-bbbb',
        'Hex',
        'acme',
        [
          ['introduced', '0'],
          ['last_affected', '0.7.2'],
        ],
        { aliases: ['CVE-2026-1801'], ...critical },
      ),
      record(
        'GHSA-hexx-aaaa-cccc',
        'Hex',
        'acme_ok',
        [
          ['introduced', '0'],
          ['fixed', '1.0.0'],
        ],
        high,
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-1801',
        name: 'acme',
        installed: '0.7.2',
        fixed: '',
        severity: 'CRITICAL',
        source: 'GitHub Security Advisory Erlang',
      },
    ],
  },
  {
    ecosystem: 'Pub',
    files: {
      'pubspec.lock':
        'packages:\n  acme:\n    dependency: "direct main"\n    description:\n      name: acme\n      url: "https://pub.dev"\n    source: hosted\n    version: "0.13.2"\n  acme_ok:\n    dependency: transitive\n    description:\n      name: acme_ok\n      url: "https://pub.dev"\n    source: hosted\n    version: "2.0.0"\nsdks:\n  dart: ">=2.17.0 <3.0.0"\n',
    },
    records: [
      record(
        'GHSA-pubb-aaaa-bbbb',
        'Pub',
        'acme',
        [
          ['introduced', '0'],
          ['fixed', '0.13.3'],
        ],
        { aliases: ['CVE-2026-1901'], ...high },
      ),
      record(
        'GHSA-pubb-aaaa-cccc',
        'Pub',
        'acme_ok',
        [
          ['introduced', '0'],
          ['fixed', '2.0.0'],
        ],
        high,
      ),
    ],
    findings: [
      {
        id: 'CVE-2026-1901',
        name: 'acme',
        installed: '0.13.2',
        fixed: '0.13.3',
        severity: 'HIGH',
        source: 'GitHub Security Advisory Pub',
      },
    ],
  },
];

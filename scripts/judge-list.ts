// The judge programs: independent implementations that the suite holds our bytes against. One table says where each one
// lives and how it gets there; `npm run judges` installs from it and the tests look programs up in it.

import { homedir } from 'node:os';
import { join } from 'node:path';

/** How a judge is installed. Versions are pinned: another version may answer differently. */
export type JudgeSource =
  | { readonly kind: 'go'; readonly packages: readonly string[] }
  /** A module that refuses `go install pkg@version`; it is built out of a scratch module instead. */
  | { readonly kind: 'go-tool'; readonly package: string; readonly version: string; readonly experiment: string }
  | { readonly kind: 'python'; readonly requirements: readonly string[] }
  /** A package of the npm registry with programs in its `bin` folder; its scripts are not run. */
  | { readonly kind: 'npm'; readonly package: string }
  /** A package of Debian unstable, unpacked beside the system by a private apt configuration. */
  | { readonly kind: 'debian-sid'; readonly package: string }
  /** A package of the distribution, which only the administrator can install. */
  | { readonly kind: 'system'; readonly package: string };

export type Judge = {
  readonly source: JudgeSource;
  /** Paths below the cache folder; the first is the program, all must be there for the judge to count as present. */
  readonly files?: readonly string[];
  /** File name in PATH, when it differs from the judge's name; null when PATH must not be searched. */
  readonly command?: string | null;
  /** Folders besides PATH; `*` stands for a version. */
  readonly folders?: readonly string[];
};

const postgresFolders = ['/usr/lib/postgresql/*/bin', '/usr/local/pgsql/bin', '/opt/homebrew/opt/postgresql@*/bin'];

export const judges = {
  oras: go('oras', 'oras.land/oras/cmd/oras@v1.3.3'),
  crane: go('crane', 'github.com/google/go-containerregistry/cmd/crane@v0.20.7'),
  cosign: go('cosign', 'github.com/sigstore/cosign/v3/cmd/cosign@v3.1.1', null),
  cosign2: go('v2/cosign', 'github.com/sigstore/cosign/v2/cmd/cosign@v2.6.5', null),
  registry: go('registry', 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2', null),
  conformance: go(
    'conformance',
    'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111',
    null,
  ),
  age: {
    source: { kind: 'go', packages: ['filippo.io/age/cmd/age@v1.3.2', 'filippo.io/age/cmd/age-keygen@v1.3.2'] },
    files: ['bin/age', 'bin/age-keygen'],
  },
  versitygw: go('versitygw', 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'),
  bbolt: go('bbolt', 'go.etcd.io/bbolt/cmd/bbolt@v1.5.0'),
  'tuf-client': go('tuf-client', 'github.com/theupdateframework/go-tuf/v2/examples/cli/tuf-client@v2.4.2'),
  'osv-scanner': go('osv-scanner', 'github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.5.0'),
  trivy: {
    source: {
      kind: 'go-tool',
      package: 'github.com/aquasecurity/trivy/cmd/trivy',
      version: 'v0.74.0',
      experiment: 'jsonv2',
    },
    files: ['bin/trivy'],
  },
  /** A Python with the libraries that the independent mirror reader needs (libzstd 1.5.7). */
  'mirror-reader': python('venv', ['rfc8785==0.1.4', 'zstandard==0.25.0']),
  'python-tuf': python('tuf-venv', ['tuf==7.0.0']),
  /** Another version of the runtime, under which every byte must be the same. */
  node26: {
    source: { kind: 'npm', package: `node-${process.platform}-${process.arch}@26.10.0` },
    files: ['node26/node'],
    command: null,
  },
  fulcio: go('fulcio', 'github.com/sigstore/fulcio@v1.8.7', null),
  desync: { source: { kind: 'debian-sid', package: 'desync' }, files: ['bin/desync'] },
  'rekor-cli': { source: { kind: 'debian-sid', package: 'rekor' }, files: ['bin/rekor-cli'] },
  prometheus: { source: { kind: 'debian-sid', package: 'prometheus' }, files: ['bin/prometheus'] },
  promtool: { source: { kind: 'debian-sid', package: 'promtool' }, files: ['bin/promtool'] },
  skopeo: system('skopeo'),
  zstd: system('zstd'),
  jq: system('jq'),
  faketime: system('faketime'),
  wrk: system('wrk'),
  nginx: { ...system('nginx'), folders: ['/usr/sbin'] },
  strace: system('strace'),
  /** Network namespaces: proof that a way is closed. */
  unshare: system('util-linux'),
  ip: { ...system('iproute2'), folders: ['/usr/sbin', '/sbin'] },
  chromium: system('chromium'),
  'docker-compose': system('docker-compose'),
  postgres: { ...system('postgresql'), folders: postgresFolders },
} as const satisfies Record<string, Judge>;

export type JudgeName = keyof typeof judges;

/** What the suite uses, and what `npm run judges` fetches when it is not told names. */
export const suiteJudges: readonly JudgeName[] = [
  'oras',
  'crane',
  'cosign',
  'cosign2',
  'registry',
  'conformance',
  'age',
  'mirror-reader',
  'node26',
  'versitygw',
  'bbolt',
  'tuf-client',
  'python-tuf',
  'rekor-cli',
  'fulcio',
  'osv-scanner',
  'trivy',
];

export function isJudgeName(name: string): name is JudgeName {
  return Object.hasOwn(judges, name);
}

/** Where fetched judges live: `${XDG_CACHE_HOME:-~/.cache}/export-center/judges`. */
export function judgeCacheFolder(environment: NodeJS.ProcessEnv): string {
  const cache = environment['XDG_CACHE_HOME'];
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'export-center', 'judges');
}

function go(file: string, installed: string, command?: null): Judge {
  const files = [`bin/${file}`];
  const source: JudgeSource = { kind: 'go', packages: [installed] };
  return command === null ? { source, files, command } : { source, files };
}

function python(folder: string, requirements: readonly string[]): Judge {
  return { source: { kind: 'python', requirements }, files: [`${folder}/bin/python`], command: null };
}

function system(name: string): Judge {
  return { source: { kind: 'system', package: name } };
}

// Declares serve, login, gc, scrub, sign and keys.

import type { Command } from 'commander';
import { addCommand, addGroup, type RunAction } from '../command.ts';

export function addServiceCommands(program: Command, run: RunAction): void {
  addCommand(program, run, {
    usage: 'serve',
    summary: 'Serve the registry and the API from the data folder, and execute runs',
    options: [
      ['--listen <address>', 'HOST:PORT to listen on; port 0 lets the system choose', '127.0.0.1:8080'],
      ['--public-url <url>', 'URL under which clients reach the service'],
      ['--tls-cert <file>', 'certificate chain (PEM): speak TLS'],
      ['--tls-key <file>', 'key of the certificate (PEM); both are read again when they change'],
      ['--storage <url>', 's3://BUCKET[/PREFIX]: keep content in a bucket (EXPORT_CENTER_STORAGE; AWS_… variables)'],
      ['--redirect-blobs', 'with a bucket: send clients of big blobs to signed URLs of it'],
      ['--upstream <registry>', 'HOST[:PORT][/PREFIX]: be a caching front of that registry (EXPORT_CENTER_UPSTREAM)'],
      ['--trivy-aliases <tenant>', "answer aquasecurity/trivy-db and -java-db with this tenant's, for reading"],
      ['--tenant-rate <number>', 'requests a second that each tenant may make (default: no limit)'],
    ],
    examples: [
      'serve',
      'serve --listen 0.0.0.0:8443 --public-url https://exports.example --tls-cert chain.pem --tls-key key.pem',
      'serve --data /srv/exports --listen 127.0.0.1:0',
      'serve --storage s3://exports/registry',
      'serve --upstream registry.example/security',
    ],
    endsItself: true,
    load: async () => (await import('../actions/serve.ts')).serve,
  });
  addCommand(program, run, {
    usage: 'login <url>',
    summary: 'Try a token on a server and keep it; the token is read from stdin or asked for',
    examples: ['login https://exports.example', 'login http://localhost:8080 < DIR/operator.token'],
    load: async () => (await import('../actions/care.ts')).login,
  });
  addCommand(program, run, {
    usage: 'gc',
    summary: 'Remove blobs that nothing refers to any more',
    options: [['--dry-run', 'only count them']],
    examples: ['gc --dry-run', 'gc'],
    load: async () => (await import('../actions/care.ts')).collectGarbage,
  });
  addCommand(program, run, {
    usage: 'scrub',
    summary: 'Hash everything that the registry stores anew; what is wrong is taken aside and named (exit code 3)',
    options: [['--rate <mib>', 'MiB read per second at most, 0 for no limit', '50']],
    examples: ['scrub', 'scrub --rate 0 --json'],
    load: async () => (await import('../actions/scrub.ts')).scrub,
  });
  addCommand(program, run, {
    usage: 'sign <file>',
    summary: 'Sign a single file with the key that signs bundles; cosign verify-blob takes what it writes',
    options: [['--bundle <file>', 'where its sigstore bundle is written (default: <file>.sigstore.json)']],
    examples: ['sign report.pdf', 'sign report.pdf --bundle report.sigstore.json'],
    load: async () => (await import('../actions/files.ts')).signFile,
  });
  addKeyCommands(addGroup(program, 'keys', 'Signing keys', 'keys public > cosign.pub'), run);
}

const overlapOption = [
  '--overlap <duration>',
  'the key that signed so far goes on beside: P30D, PT12H, none (default: until it is retired)',
] as const;

function addKeyCommands(keys: Command, run: RunAction): void {
  addCommand(keys, run, {
    usage: 'generate',
    summary: 'Make a new key (ECDSA P-256) and sign with it from now on',
    options: [overlapOption],
    examples: ['keys generate', 'keys generate --overlap P30D'],
    load: async () => (await import('../actions/keys.ts')).keysGenerate,
  });
  addCommand(keys, run, {
    usage: 'import [file]',
    summary:
      'Sign with your own key from now on: cosign.key or PKCS#8 PEM, from a file or stdin; password from ' +
      'EXPORT_CENTER_KEY_PASSWORD, COSIGN_PASSWORD or the terminal',
    options: [overlapOption],
    examples: ['keys import cosign.key', 'keys import < key.pem'],
    load: async () => (await import('../actions/keys.ts')).keysImport,
  });
  addCommand(keys, run, {
    usage: 'activate <id>',
    summary: 'Sign with a key that is there from now on, or let it sign beside the active one',
    options: [['--co-sign', 'beside the active key, for the overlap'], overlapOption],
    examples: ['keys activate 0f3b19d2c4a85e67', 'keys activate 0f3b19d2c4a85e67 --co-sign --overlap P14D'],
    load: async () => (await import('../actions/keys.ts')).keysActivate,
  });
  addCommand(keys, run, {
    usage: 'retire <id>',
    summary: 'Sign with a key no more; its signatures and its public half stay',
    examples: ['keys retire 0f3b19d2c4a85e67'],
    load: async () => (await import('../actions/keys.ts')).keysRetire,
  });
  addCommand(keys, run, {
    usage: 'list',
    summary: 'Keys, and which of them sign',
    examples: ['keys list'],
    load: async () => (await import('../actions/keys.ts')).keysList,
  });
  addCommand(keys, run, {
    usage: 'public [id]',
    summary: 'The public key that signs, or that of another key, as PEM: the form that cosign verify --key takes',
    examples: ['keys public > cosign.pub', 'keys public 0f3b19d2c4a85e67 > old.pub'],
    load: async () => (await import('../actions/keys.ts')).keysPublic,
  });
  addCommand(keys, run, {
    usage: 'show [id]',
    summary: 'A key, or with --as the settings for an admission controller: all keys that sign, and the log',
    options: [
      ['--as <controller>', 'kyverno or policy-controller'],
      ['--images <pattern>', 'with --as: which images must be signed'],
    ],
    examples: ['keys show', 'keys show --as kyverno --images "exports.example/default/*" > policy.yaml'],
    load: async () => (await import('../actions/keys.ts')).keysShow,
  });
}

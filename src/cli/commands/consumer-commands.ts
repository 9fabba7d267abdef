// Declares mirror, extract and verify: the commands of those who receive bundles.

import type { Command } from 'commander';
import { addCommand, addGroup, type RunAction } from '../command.ts';

const keyOption = ['--key <file>', "the publisher's public key (PEM): the signature must verify"] as const;

export function addConsumerCommands(program: Command, run: RunAction): void {
  addMirrorCommands(addGroup(program, 'mirror', 'Keep a mirror of a bundle in a folder', 'mirror --help'), run);
  addCommand(program, run, {
    usage: 'extract <source> <out>',
    summary: 'Write the documents of a bundle as files; <source> is a reference or a layout folder',
    examples: ['extract localhost:8080/default/json-raw:latest ./documents', 'extract ./mirror ./documents'],
    load: async () => (await import('../actions/mirror.ts')).extract,
  });
  addCommand(program, run, {
    usage: 'verify <source>',
    summary:
      'Check that a bundle is the newest, who vouches for it, and every digest of it, as one list; <source> is a reference, a layout folder or a kit; exit code 3 and the names of what failed',
    options: [
      ['--bundle <file>', '<source> is a file, and this its sigstore bundle; may be given several times', []],
      ['--key <file>', "a public key of the publisher's (PEM) that must vouch; may be given several times", []],
      ['--threshold <number>', 'how many of the keys must vouch (default: all of them)'],
      ['--trusted-root <file>', 'trusted_root.json: signatures must be in one of its transparency logs'],
      ['--use-signed-timestamps', 'and carry a timestamp of one of its authorities'],
      [
        '--certificate-identity <name>',
        'who must vouch by certificates that the trusted root can judge, such as an address',
      ],
      ['--certificate-oidc-issuer <url>', 'and who must have vouched for them'],
      ['--tuf-root <file>', "a root that you trust: the publisher's TUF repository must list the bundle as it is"],
      ['--tuf <place>', 'URL of that repository, or a folder with its files (default: what a kit has in tuf)'],
      ['--tuf-memory <dir>', 'remember what was seen in this folder, so that nobody leads back behind it'],
      ['--tuf-target <path>', 'path of the target (default: repository or folder, and tag, such as mirror/latest)'],
    ],
    examples: [
      'verify ./mirror --key cosign.pub',
      'verify localhost:8080/default/mirror:latest --key cosign.pub --trusted-root trusted_root.json',
      'verify localhost:8080/default/mirror:latest --tuf http://localhost:8080/tuf/default --tuf-root root.json',
      'verify localhost:8080/default/mirror:latest --trusted-root trusted_root.json --certificate-identity exports@example.org --certificate-oidc-issuer https://issuer.example',
      'verify /media/stick --key cosign.pub --tuf-root kit-root.json --tuf-memory ./seen --offline',
      'verify ./mirror --key a.pub --key b.pub --key c.pub --threshold 2',
      'verify report.pdf --bundle report.pdf.sigstore.json --key cosign.pub',
    ],
    load: async () => (await import('../actions/mirror.ts')).verify,
  });
}

function addMirrorCommands(mirror: Command, run: RunAction): void {
  addCommand(mirror, run, {
    usage: 'pull <reference> <dir>',
    summary: 'Bring a folder (an OCI image layout) to the newest state, fetching only what changed',
    options: [keyOption, ['--signature-only', 'bring the signature along, but not the provenance']],
    examples: [
      'mirror pull localhost:8080/default/mirror:latest ./mirror',
      'mirror pull exports.example/default/mirror:latest ./mirror --key cosign.pub',
    ],
    load: async () => (await import('../actions/mirror.ts')).mirrorPull,
  });
  addCommand(mirror, run, {
    usage: 'records <source>',
    summary: 'The whole state as JSON lines, sorted; <source> is a folder or a reference',
    examples: ['mirror records ./mirror > state.jsonl'],
    load: async () => (await import('../actions/mirror.ts')).mirrorRecords,
  });
  addCommand(mirror, run, {
    usage: 'changes <source>',
    summary: 'The newest journal as JSON lines',
    examples: ['mirror changes ./mirror'],
    load: async () => (await import('../actions/mirror.ts')).mirrorChanges,
  });
  addCommand(mirror, run, {
    usage: 'push <dir> <destination>',
    summary: 'Copy a mirror with its tags and signatures to REGISTRY/REPO',
    examples: ['mirror push ./mirror registry.inside/security/mirror'],
    load: async () => (await import('../actions/mirror.ts')).mirrorPush,
  });
  addCommand(mirror, run, {
    usage: 'materialize <dir> <out>',
    summary: 'Write what a folder holds as a program that knows no registry reads it; switched in one step',
    options: [['--as <form>', "trivy-cache: the database as Trivy's --cache-dir has it"]],
    examples: ['mirror materialize ./trivy-db-mirror /var/cache/trivy --as trivy-cache'],
    load: async () => (await import('../actions/mirror.ts')).mirrorMaterialize,
  });
  addCommand(mirror, run, {
    usage: 'doctor <dir>',
    summary: 'Hash everything in a mirror again, and fetch what is damaged; exit code 3 when that is not possible',
    examples: ['mirror doctor ./mirror'],
    load: async () => (await import('../actions/mirror.ts')).mirrorDoctor,
  });
}

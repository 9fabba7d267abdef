// Declares tuf: repositories and their keys, the ceremony with offline keys, kits, and a look as a consumer.

import type { Command } from 'commander';
import { addCommand, addGroup, type RunAction } from '../command.ts';

const repositoryOption = [
  '--repository <name>',
  "trust, a tenant's name, or TENANT/kit (default: the tenant)",
] as const;
const thresholdOption = ['--threshold <number>', 'how many keys of the role have to sign'] as const;

export function addTufCommands(program: Command, run: RunAction): void {
  const tuf = addGroup(program, 'tuf', 'TUF repositories: freshness that any TUF client can check', 'tuf show');
  addRepositoryCommands(tuf, run);
  addCeremonyCommands(tuf, run);
  addDraftCommands(tuf, run);
  addKitCommands(tuf, run);
}

function addRepositoryCommands(tuf: Command, run: RunAction): void {
  addCommand(tuf, run, {
    usage: 'show',
    summary: 'Roles of a repository: keys, thresholds, versions, expiries',
    options: [repositoryOption],
    examples: ['tuf show', 'tuf show --repository trust'],
    load: async () => (await import('../actions/tuf.ts')).tufShow,
  });
  addCommand(tuf, run, {
    usage: 'init',
    summary: 'Make a repository unless it is there; the service makes those of the default tenant and of trust itself',
    options: [repositoryOption],
    examples: ['tuf init --repository acme'],
    load: async () => (await import('../actions/tuf.ts')).tufInit,
  });
  addCommand(tuf, run, {
    usage: 'target <path>',
    summary: 'The digest that a repository vouches for, as a TUF client that trusts the root finds it',
    options: [
      ['--from <place>', 'URL of the repository, or a folder with its files'],
      ['--root <file>', 'a root that you trust, such as root.json from the publisher'],
      ['--memory <dir>', 'remember what was seen in this folder, so that nobody leads back behind it'],
    ],
    examples: [
      'tuf target mirror/latest --from http://localhost:8080/tuf/default --root root.json',
      'tuf target mirror/latest --from ./kit --root root.json --memory ./seen --offline',
    ],
    load: async () => (await import('../actions/tuf.ts')).tufTarget,
  });
}

function addCeremonyCommands(tuf: Command, run: RunAction): void {
  addCommand(tuf, run, {
    usage: 'rotate <draft>',
    summary: 'Write the next root or targets, unsigned, into a file for the holders of keys',
    options: [
      repositoryOption,
      ['--role <role>', 'root or targets', 'root'],
      [
        '--online',
        'with new keys for the roles that sign by themselves: snapshot and timestamp, or the delegated ones',
      ],
    ],
    examples: ['tuf rotate draft.json --repository trust', 'tuf rotate draft.json --online'],
    load: async () => (await import('../actions/tuf.ts')).tufRotate,
  });
  addCommand(tuf, run, {
    usage: 'publish [draft]',
    summary: 'Publish a draft that enough holders signed, or what is due without one',
    options: [repositoryOption],
    examples: ['tuf publish draft.json --repository trust', 'tuf publish'],
    load: async () => (await import('../actions/tuf.ts')).tufPublish,
  });
}

function addDraftCommands(tuf: Command, run: RunAction): void {
  addCommand(tuf, run, {
    usage: 'new-key <file>',
    summary: 'Make a private key in a file (mode 0600), and its public half in FILE.pub; needs no service',
    examples: ['tuf new-key alice.pem'],
    load: async () => (await import('../actions/tuf-drafts.ts')).tufNewKey,
  });
  addCommand(tuf, run, {
    usage: 'add-key <draft> <role> <key>',
    summary: 'Give a role of the draft one more key: a public key in PEM (Ed25519, P-256, RSA)',
    options: [thresholdOption],
    examples: ['tuf add-key draft.json root alice.pem.pub', 'tuf add-key draft.json root bob.pem.pub --threshold 2'],
    load: async () => (await import('../actions/tuf-drafts.ts')).tufAddKey,
  });
  addCommand(tuf, run, {
    usage: 'remove-key <draft> <role> <id>',
    summary: 'Take a key from a role of the draft; ID is its id or the beginning of it',
    options: [thresholdOption],
    examples: ['tuf remove-key draft.json root 3f2a9c'],
    load: async () => (await import('../actions/tuf-drafts.ts')).tufRemoveKey,
  });
  addCommand(tuf, run, {
    usage: 'sign <draft> <key>',
    summary: 'Show what the draft says and add a signature with a private key in PEM; needs no service',
    examples: ['tuf sign draft.json alice.pem'],
    load: async () => (await import('../actions/tuf-drafts.ts')).tufSign,
  });
}

function addKitCommands(tuf: Command, run: RunAction): void {
  addCommand(tuf, run, {
    usage: 'kit <dir>',
    summary:
      'Write a repository for the far side of a gap: the targets of the tenant as they are now, good for 90 days',
    examples: ['tuf kit /media/stick/tuf'],
    load: async () => (await import('../actions/tuf-kit.ts')).tufKit,
  });
  addCommand(tuf, run, {
    usage: 'renew <dir> <key>',
    summary: 'Sign the timestamp of a kit anew with a key of the far side; needs no service',
    options: [['--days <number>', 'how long it is good for', '30']],
    examples: ['tuf renew ./kit far.pem', 'tuf renew ./kit far.pem --days 7'],
    load: async () => (await import('../actions/tuf-kit.ts')).tufRenew,
  });
}

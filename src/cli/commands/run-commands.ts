// Declares run and runs.

import type { Command } from 'commander';
import { addCommand, addGroup, type RunAction } from '../command.ts';

export function addRunCommands(program: Command, run: RunAction): void {
  addCommand(program, run, {
    usage: 'run <profile>',
    summary: 'Export a profile and wait for the end',
    options: [
      ['--to <destination>', 'publish to REGISTRY/REPO[:TAG] too'],
      ['--base <base>', 'reference or digest to make the delta from; none for a layout without history'],
      ['--accept-shrink', 'export although much of the evidence is gone; recorded in the provenance'],
      ['--idempotency-key <key>', 'find the run that the same key began, instead of a second one'],
      [
        '--compare <ref>',
        'of a database: what another one (reference, layout, file) has else; a table here, every row in REPOSITORY-parity',
      ],
      ['--detach', 'do not wait'],
    ],
    examples: [
      'run mirror:full',
      'run mirror:delta --to registry.example/security/mirror',
      'run mirror:full --base none',
      'run trivy:db --compare ghcr.io/aquasecurity/trivy-db:2',
      'run json:raw --idempotency-key nightly-2026-01-31 --detach',
    ],
    load: async () => (await import('../actions/runs.ts')).startRun,
  });
  addListCommands(addGroup(program, 'runs', 'Exports that were begun', 'runs list'), run);
}

function addListCommands(runs: Command, run: RunAction): void {
  addCommand(runs, run, {
    usage: 'list',
    summary: 'The newest runs',
    options: [['--limit <number>', 'how many to show (default: 50)']],
    examples: ['runs list', 'runs list --limit 5 --json'],
    load: async () => (await import('../actions/runs.ts')).runsList,
  });
  addCommand(runs, run, {
    usage: 'show <id>',
    summary: 'One run',
    examples: ['runs show RUN'],
    load: async () => (await import('../actions/runs.ts')).runShow,
  });
  addCommand(runs, run, {
    usage: 'watch <id>',
    summary: 'Follow a run until it ends',
    examples: ['runs watch RUN'],
    load: async () => (await import('../actions/runs.ts')).runWatch,
  });
  addCommand(runs, run, {
    usage: 'cancel <id>',
    summary: 'Cancel a run that has not ended',
    examples: ['runs cancel RUN'],
    load: async () => (await import('../actions/runs.ts')).runCancel,
  });
}

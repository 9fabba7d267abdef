// Declares ingest, evidence and profile.

import type { Command } from 'commander';
import { addCommand, addGroup, type RunAction } from '../command.ts';

export function addEvidenceCommands(program: Command, run: RunAction): void {
  addCommand(program, run, {
    usage: 'ingest <source> <from>',
    summary: 'Take evidence from a file, a folder, a .zip, .jsonl or .jsonl.gz, a URL or an oci: reference',
    options: [
      ['--format <format>', 'format of the documents (default: osv)'],
      ['--sync', 'remove what FROM no longer has'],
      ['--allow-shrink', 'let --sync remove more than half of the source'],
      ['--licence <text>', 'licence of the source'],
      ['--attribution <text>', 'attribution that the source asks for'],
    ],
    examples: [
      'ingest osv ./advisories',
      'ingest osv day-1.jsonl.gz',
      'ingest osv https://osv-vulnerabilities.storage.googleapis.com/Go/all.zip --sync',
      'ingest upstream oci:ghcr.io/aquasecurity/trivy-db:2 --format trivy-db',
    ],
    load: async () => (await import('../actions/evidence.ts')).ingest,
  });
  const evidence = addGroup(program, 'evidence', 'What was ingested', 'evidence list');
  addCommand(evidence, run, {
    usage: 'list',
    summary: 'Sources with counts, age and the digest of their state',
    examples: ['evidence list', 'evidence list --json'],
    load: async () => (await import('../actions/evidence.ts')).evidenceList,
  });
  addCommand(evidence, run, {
    usage: 'show <source> <path>',
    summary: 'One document, byte for byte',
    examples: ['evidence show osv/go GO-2024-2687.json'],
    load: async () => (await import('../actions/evidence.ts')).evidenceShow,
  });
  addCommand(evidence, run, {
    usage: 'rejected [source]',
    summary: 'Documents that were refused, with reasons',
    examples: ['evidence rejected', 'evidence rejected osv --json'],
    load: async () => (await import('../actions/evidence.ts')).evidenceRejected,
  });
  addProfileCommands(addGroup(program, 'profile', 'What is exported and how', 'profile list'), run);
}

function addProfileCommands(profile: Command, run: RunAction): void {
  addCommand(profile, run, {
    usage: 'list',
    summary: 'The newest revision of every profile',
    examples: ['profile list'],
    load: async () => (await import('../actions/profiles.ts')).profileList,
  });
  addCommand(profile, run, {
    usage: 'show <name>',
    summary: 'All revisions of a profile',
    examples: ['profile show mirror:full', 'profile show mirror:full --json'],
    load: async () => (await import('../actions/profiles.ts')).profileShow,
  });
  addCommand(profile, run, {
    usage: 'put <file>',
    summary: 'Add a revision from a JSON file, - for stdin; revisions never change',
    examples: ['profile put go-only.json', 'profile put - < go-only.json'],
    load: async () => (await import('../actions/profiles.ts')).profilePut,
  });
}

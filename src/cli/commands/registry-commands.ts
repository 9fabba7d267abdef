// Declares registry.

import type { Command } from 'commander';
import { addCommand, addGroup, type RunAction } from '../command.ts';

export function addRegistryCommands(program: Command, run: RunAction): void {
  const registry = addGroup(program, 'registry', 'Other registries', 'registry check registry.example/security/mirror');
  addCommand(registry, run, {
    usage: 'check <reference>',
    summary: 'Tell what a registry refuses before a run does; exit code 1 when the default encoding would be refused',
    examples: ['registry check registry.example/security/mirror', 'registry check gitlab.example/group/project --json'],
    load: async () => (await import('../actions/registry.ts')).registryCheck,
  });
}

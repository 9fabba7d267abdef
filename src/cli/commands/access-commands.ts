// Declares tenant, token and audit.

import type { Command } from 'commander';
import { addCommand, addGroup, type RunAction } from '../command.ts';

export function addAccessCommands(program: Command, run: RunAction): void {
  addTenantCommands(addGroup(program, 'tenant', 'Tenants, and what everybody may pull from them', 'tenant list'), run);
  addTokenCommands(addGroup(program, 'token', 'Tokens of tenants', 'token list'), run);
  const audit = addGroup(program, 'audit', 'Who changed what, and who was refused', 'audit list');
  addCommand(audit, run, {
    usage: 'list',
    summary: 'The newest entries first',
    options: [
      ['--limit <number>', 'entries at most, up to 1000', '50'],
      ['--before <id>', 'go on behind this entry'],
    ],
    examples: ['audit list', 'audit list --limit 1000 --json'],
    load: async () => (await import('../actions/access.ts')).auditList,
  });
}

function addTenantCommands(tenant: Command, run: RunAction): void {
  addCommand(tenant, run, {
    usage: 'add <name>',
    summary: 'Add a tenant; its repositories are named NAME/… and are private',
    examples: ['tenant add acme'],
    load: async () => (await import('../actions/access.ts')).tenantAdd,
  });
  addCommand(tenant, run, {
    usage: 'list',
    summary: 'Tenants with their rules for pulls without credentials',
    examples: ['tenant list'],
    load: async () => (await import('../actions/access.ts')).tenantList,
  });
  addCommand(tenant, run, {
    usage: 'open <name> [repository]',
    summary: 'Let everybody pull from a repository, from those of a pattern, or from all of the tenant',
    examples: ['tenant open acme mirror', 'tenant open acme "public/*"', 'tenant open acme'],
    load: async () => (await import('../actions/access.ts')).tenantOpen,
  });
  addCommand(tenant, run, {
    usage: 'close <name> [repository]',
    summary: 'Ask for a token at every pull from a repository, from those of a pattern, or from all of the tenant',
    examples: ['tenant close acme mirror', 'tenant close default'],
    load: async () => (await import('../actions/access.ts')).tenantClose,
  });
}

function addTokenCommands(token: Command, run: RunAction): void {
  addCommand(token, run, {
    usage: 'create <name>',
    summary: 'Make a token for the tenant and print it, this once; NAME tells who uses it',
    options: [
      ['--role <role>', 'reader, publisher or operator', 'reader'],
      ['--repository <name...>', 'open these repositories of the tenant alone, not the API'],
      ['--expires <when>', 'a duration such as P30D or PT12H, an instant, or never (default: P90D)'],
    ],
    examples: [
      'token create ci --tenant acme --role publisher',
      'token create branch-office --tenant acme --repository mirror --expires P1D',
      'token create admin --tenant "*" --role operator',
    ],
    load: async () => (await import('../actions/access.ts')).tokenCreate,
  });
  addCommand(token, run, {
    usage: 'list',
    summary: 'Tokens of all tenants, without their texts',
    examples: ['token list', 'token list --json'],
    load: async () => (await import('../actions/access.ts')).tokenList,
  });
  addCommand(token, run, {
    usage: 'revoke <id>',
    summary: 'Make a token open nothing from now on',
    examples: ['token revoke tok-0123456789ab'],
    load: async () => (await import('../actions/access.ts')).tokenRevoke,
  });
}

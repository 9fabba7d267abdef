// The rules between the documents of one publication, and between it and the one before: what a client that saw the
// older one would refuse, and what a thief of a registry could otherwise make of it.

import { ExportError } from '../../core/errors.ts';
import { isSigned, metaOf, requireSigned } from './envelope.ts';
import { lintMetadata } from './lint.ts';
import { refused } from './lint-rules.ts';
import type { MetaEntry, TufFile, TufState } from './types.ts';

/** Throws INPUT_INVALID or NOT_FOUND (signatures) unless `state` may follow on `before`. */
export function lintState(state: TufState, before?: TufState): void {
  const root = newestRoot(state);
  for (const file of [root, state.timestamp, state.snapshot, state.targets, ...state.delegated.values()]) {
    lintMetadata(file.envelope.signed);
  }
  lintRoots(state);
  lintSignatures(state);
  lintMeta('timestamp.meta.snapshot.json', state.timestamp.envelope.signed.meta['snapshot.json'], state.snapshot);
  const { meta } = state.snapshot.envelope.signed;
  lintMeta('snapshot.meta.targets.json', meta['targets.json'], state.targets);
  for (const [name, file] of state.delegated) lintMeta(`snapshot.meta.${name}.json`, meta[`${name}.json`], file);
  if (before) lintSuccession(state, before);
}

export function newestRoot({ roots }: Pick<TufState, 'roots'>): TufState['roots'][number] {
  const root = roots.at(-1);
  if (root) return root;
  throw new ExportError('INTERNAL', 'a TUF repository has no root');
}

/** Each root is signed by the keys of the one before and by its own, and no version is left out. */
function lintRoots({ roots }: TufState): void {
  for (const [at, { version, envelope }] of roots.entries()) {
    if (version !== at + 1) throw refused('root.version', `is ${version} where ${at + 1} has to follow`);
    const { keys, roles } = envelope.signed;
    requireSigned(`root ${version}`, envelope, roles.root, keys);
    const previous = roots[at - 1]?.envelope.signed;
    if (previous)
      requireSigned(`root ${version}, for those who trust root ${at},`, envelope, previous.roles.root, previous.keys);
  }
}

function lintSignatures(state: TufState): void {
  const { keys, roles } = newestRoot(state).envelope.signed;
  for (const name of ['timestamp', 'snapshot', 'targets'] as const) {
    requireSigned(name, state[name].envelope, roles[name], keys);
  }
  const { delegations } = state.targets.envelope.signed;
  for (const role of delegations?.roles ?? []) {
    const file = state.delegated.get(role.name);
    if (!file) throw refused(`targets.delegations.roles.${role.name}`, 'has no metadata');
    if (file.envelope.signed.delegations) throw refused(role.name, 'delegates further');
    requireSigned(role.name, file.envelope, role, delegations?.keys ?? {});
  }
}

function lintMeta(place: string, said: MetaEntry | undefined, file: TufFile): void {
  const is = metaOf(file);
  if (said === undefined) throw refused(place, 'is missing');
  if (said.version === is.version && said.length === is.length && said.hashes.sha256 === is.hashes.sha256) return;
  throw refused(place, `is not what ${file.name} is`);
}

function lintSuccession(state: TufState, before: TufState): void {
  if (state.timestamp.version <= before.timestamp.version) throw refused('timestamp.version', 'does not grow');
  const [now, then] = [state.snapshot.envelope.signed.meta, before.snapshot.envelope.signed.meta];
  for (const [file, { version, hashes }] of Object.entries(then)) {
    const next = now[file];
    if (next === undefined) throw refused(`snapshot.meta.${file}`, 'is gone, which clients take for an attack');
    if (next.version < version) throw refused(`snapshot.meta.${file}`, `goes back from ${version} to ${next.version}`);
    if (next.version > version || next.hashes.sha256 === hashes.sha256) continue;
    throw refused(`snapshot.meta.${file}`, `has two contents for version ${version}`);
  }
  if (state.snapshot.version < before.snapshot.version) throw refused('snapshot.version', 'goes back');
  for (const [at, root] of before.roots.entries()) {
    if (state.roots[at]?.bytes.equals(root.bytes) !== true) throw refused(`root ${root.version}`, 'was changed');
  }
}

/** Whether a delegated or top-level file is signed as the newest root and targets ask for. */
export function stillSigned(state: TufState, role: string): boolean {
  const { keys, roles } = newestRoot(state).envelope.signed;
  if (role === 'targets' || role === 'snapshot' || role === 'timestamp') {
    return isSigned(state[role].envelope, roles[role], keys);
  }
  const { delegations } = state.targets.envelope.signed;
  const delegated = delegations?.roles.find(({ name }) => name === role);
  const file = state.delegated.get(role);
  return delegated !== undefined && file !== undefined && isSigned(file.envelope, delegated, delegations?.keys ?? {});
}

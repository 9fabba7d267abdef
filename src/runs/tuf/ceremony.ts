// Drafts of root and targets: made here, signed where the keys are, published here. A draft is TUF metadata like any
// other, so every tool that signs TUF metadata can sign it.

import { ExportError } from '../../core/errors.ts';
import { rootDocument, targetsDocument, type TargetsContent } from '../../trust/tuf/compose.ts';
import { parseEnvelope, signMetadata, withSignatures } from '../../trust/tuf/envelope.ts';
import type { KeyFolder } from '../../trust/tuf/key-folder.ts';
import { lintMetadata } from '../../trust/tuf/lint.ts';
import { newestRoot } from '../../trust/tuf/lint-state.ts';
import type { Delegations, Envelope, RootSigned, TargetsSigned, TufState } from '../../trust/tuf/types.ts';
import type { Plan } from './repository.ts';
import type { RoleSettings } from './role-settings.ts';

type DraftOptions = { readonly settings: RoleSettings; readonly keys: KeyFolder; readonly now: Date };

/** The next root; with new online keys for snapshot and timestamp at once, because clients recover only from both. */
export async function draftRoot(state: TufState, newOnlineKeys: boolean, options: DraftOptions): Promise<RootSigned> {
  const { version, envelope } = newestRoot(state);
  const { signed } = envelope;
  const { settings, keys, now } = options;
  if (!newOnlineKeys) return rootDocument(signed, version + 1, settings.root, now);
  const content = { keys: { ...signed.keys }, roles: { ...signed.roles } };
  for (const role of ['snapshot', 'timestamp'] as const) {
    const made = await generateKeys(settings[role].keys, keys);
    for (const { keyId, key } of made) content.keys[keyId] = key;
    content.roles[role] = { keyids: made.map(({ keyId }) => keyId), threshold: settings[role].threshold };
  }
  return rootDocument(content, version + 1, settings.root, now);
}

/** The next top-level targets with the content given; with a new key for all delegated roles that sign here. */
export async function draftTargets(
  state: TufState,
  content: TargetsContent,
  newOnlineKeys: boolean,
  options: DraftOptions,
): Promise<TargetsSigned> {
  const { settings, now } = options;
  const { delegations } = content;
  const renewed = newOnlineKeys && delegations ? await withNewKeys(delegations, options) : delegations;
  const next = { targets: content.targets, ...(renewed ? { delegations: renewed } : {}) };
  return targetsDocument(next, state.targets.version + 1, settings.targets, now);
}

async function withNewKeys({ keys: old, roles }: Delegations, { settings, keys }: DraftOptions): Promise<Delegations> {
  const held = await keys.signers();
  const made = await generateKeys(settings.delegated.keys, keys);
  const fresh = { keyids: made.map(({ keyId }) => keyId), threshold: settings.delegated.threshold };
  const next = roles.map((role) => (role.keyids.some((id) => held.has(id)) ? { ...role, ...fresh } : role));
  const used = new Set(next.flatMap(({ keyids }) => keyids));
  const all = { ...old, ...Object.fromEntries(made.map(({ keyId, key }) => [keyId, key])) };
  return { keys: Object.fromEntries(Object.entries(all).filter(([id]) => used.has(id))), roles: next };
}

function generateKeys(count: number, keys: KeyFolder) {
  return Promise.all(Array.from({ length: count }, () => keys.generate()));
}

/** Reads a draft that comes back, with the signatures of the keys that are here added. */
export async function readDraft(text: string, state: TufState, keys: KeyFolder): Promise<Envelope> {
  const draft = parseEnvelope(text);
  lintMetadata(draft.signed);
  const signers = await keys.signers();
  const { roles } = newestRoot(state).envelope.signed;
  const { signed } = draft;
  const keyids = signed._type === 'root' ? [...roles.root.keyids, ...signed.roles.root.keyids] : roles.targets.keyids;
  const own = await signMetadata(signed, { keyids: [...new Set(keyids)], threshold: 1 }, signers);
  return withSignatures(draft, own.signatures);
}

/** What publishing a draft means. Throws CONFLICT for one of another version, as after somebody else published. */
export function planDraft(state: TufState, draft: Envelope): Plan {
  const { signed } = draft;
  const current = signed._type === 'root' ? newestRoot(state).version : state.targets.version;
  if (signed._type !== 'root' && signed._type !== 'targets') {
    throw new ExportError('INPUT_INVALID', `a ${signed._type} is no draft: root and targets are`);
  }
  if (signed.version !== current + 1) {
    throw new ExportError('CONFLICT', `the draft is version ${signed.version}, published is ${current}`, {
      hint: 'make a new draft with `export-center tuf rotate`',
    });
  }
  return signed._type === 'root'
    ? { root: onlyNeeded(draft as Envelope<RootSigned>, state) }
    : { targets: draft as Envelope<TargetsSigned> };
}

/** Signatures of keys that neither the new root nor the old one gives a say would only make the file longer. */
function onlyNeeded(draft: Envelope<RootSigned>, state: TufState): Envelope<RootSigned> {
  const old = newestRoot(state).envelope.signed.roles.root.keyids;
  const needed = new Set([...old, ...draft.signed.roles.root.keyids]);
  return { ...draft, signatures: draft.signatures.filter(({ keyid }) => needed.has(keyid)) };
}

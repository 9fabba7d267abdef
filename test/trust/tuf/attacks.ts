// What an attacker who owns the web server or some of the keys can try. Each begins with a client that has seen a good
// state; then the attacker serves something else. The reasons are those that the clients give in their own words.

import type { TufState } from '../../../src/trust/tuf/types.ts';
import { targetFileName } from '../../../src/trust/tuf/bundle.ts';
import { formatSeconds } from '../../../src/core/clock.ts';
import { digestOf } from '../../../src/core/digest.ts';
import { endless, slow, type Trick } from './attack-server.ts';
import { Authoring, entry, metaOf, served, type ServedFiles } from './authoring.ts';

export type Attack = {
  readonly name: string;
  /** Seen first, by everybody, without a complaint. */
  readonly good: ServedFiles;
  readonly bad: ServedFiles;
  readonly tricks?: ReadonlyMap<string, Trick>;
  /** The text that a client must end with, where the attack must not keep it from it; else it has to refuse. */
  readonly survives?: string;
  readonly reason?: RegExp;
  /** Another target than the trusted root; cosign never looks at it. */
  readonly target?: string;
  readonly atHours?: number;
  /** Where the client finds an honest repository after it has refused: it must not have been harmed for good. */
  readonly afterwards?: 'at the same address' | 'at another address';
};

export const trusted = 'trusted_root.json';
export const mirrored = 'mirror/latest';

export const texts = {
  one: '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}\n',
  two: '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[]}\n',
  config: '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}\n',
  mirrorOne: '{"schemaVersion":2,"n":1}',
  mirrorTwo: '{"schemaVersion":2,"n":2}',
};

const signing = 'signing_config.v0.2.json';

/** Two states as a publisher makes them one after the other, and everything that is needed to tamper with them. */
export type Scene = {
  readonly by: Authoring;
  readonly one: TufState;
  readonly two: TufState;
  readonly filesOne: ServedFiles;
  readonly filesTwo: ServedFiles;
};

export async function openScene(): Promise<Scene> {
  const by = new Authoring();
  const list = (text: string) => ({ [signing]: entry(texts.config), [trusted]: entry(text) });
  const one = await by.first(list(texts.one), { [mirrored]: entry(texts.mirrorOne) });
  const two = await by.next(one, {
    targets: { targets: list(texts.two), delegations: by.delegations() },
    delegated: new Map([['mirror', { [mirrored]: entry(texts.mirrorTwo) }]]),
  });
  const targetFiles = [
    { [trusted]: texts.one, [signing]: texts.config, [mirrored]: texts.mirrorOne },
    { [trusted]: texts.two, [mirrored]: texts.mirrorTwo },
  ];
  return { by, one, two, filesOne: served([one], targetFiles), filesTwo: served([one, two], targetFiles) };
}

export async function attacksOf(scene: Scene): Promise<Attack[]> {
  const groups = [
    targetAttacks,
    rootAttacks,
    expiryAttacks,
    rollbackAttacks,
    mixAttacks,
    keyAttacks,
    recoveries,
    mirrorAttacks,
  ];
  return (await Promise.all(groups.map(async (group) => group(scene)))).flat();
}

function targetAttacks({ filesOne, filesTwo }: Scene): Attack[] {
  const name = targetFileName(trusted, digestOf(Buffer.from(texts.two)));
  const attack = (row: string, bytes: Trick, reason: RegExp): Attack => ({
    name: row,
    good: filesOne,
    bad: filesTwo,
    tricks: new Map([[name, bytes]]),
    reason,
  });
  return [
    attack('1 arbitrary software', Buffer.from(texts.two.replace('tlogs', 'tlogz')), /hash|mismatch/i),
    attack('2 wrong software', Buffer.from(texts.config), /length|hash|mismatch/i),
    attack('14a endless data in a target', endless, /length|size|hash|larger|max/i),
  ];
}

async function rootAttacks({ by, one, filesOne, filesTwo }: Scene): Promise<Attack[]> {
  const stolen = by.root(2, { root: by.role(2, 'x1', 'x2', 'x3') });
  const swap = (row: string, bytes: Trick, reason: RegExp): Attack => ({
    name: row,
    good: filesOne,
    bad: filesTwo,
    tricks: new Map([['2.root.json', bytes]]),
    reason,
  });
  const newKeys = await by.sign('root', stolen, 'x1', 'x2');
  const oldKeys = await by.sign('root', stolen, 'r1', 'r2');
  const oneOld = await by.sign('root', stolen, 'r1', 'x1', 'x2');
  const skipped = await by.sign('root', by.root(3), 'r1', 'r2');
  const unsigned = /signed by|threshold|verif|signature/i;
  const rotated = by.root(2, { timestamp: by.role(1, 'x1') });
  const second = await by.sign('root', rotated, 'r1', 'r2');
  const timestamp = await by.sign('timestamp', { ...one.timestamp.envelope.signed, version: 2 }, 'x1');
  const withNewKey = served([{ ...one, roots: [...one.roots, second], timestamp }], []);
  return [
    swap('3a a root of strangers', newKeys.bytes, unsigned),
    swap('3b a root without its own keys', oldKeys.bytes, unsigned),
    swap('3c a root with too few of the old keys', oneOld.bytes, unsigned),
    swap('4a a root version is skipped', skipped.bytes, /version|signed by|verif/i),
    {
      name: '4b a root is withheld',
      good: filesOne,
      bad: withNewKey,
      tricks: new Map([['2.root.json', undefined]]),
      reason: unsigned,
    },
    swap('14b endless data in a root', endless, /length|size|larger|max/i),
    {
      ...swap('14c endless data in the timestamp', endless, /length|size|larger|max/i),
      tricks: new Map([['timestamp.json', endless]]),
    },
  ];
}

async function expiryAttacks({ by, one, two, filesOne }: Scene): Promise<Attack[]> {
  const expires = formatSeconds(new Date(by.now.getTime() - 3_600_000));
  const root = await by.sign('root', { ...by.root(2), expires }, 'r1', 'r2');
  const timestamp = await by.sign('timestamp', { ...two.timestamp.envelope.signed, expires }, 'ts');
  const snapshot = await by.sign('snapshot', { ...two.snapshot.envelope.signed, expires }, 's');
  const targets = await by.sign('targets', { ...two.targets.envelope.signed, expires }, 't1', 't2');
  const bad = (state: TufState): ServedFiles => served([one, state], [{ [trusted]: texts.two }]);
  return [
    {
      name: '5 the newest root has expired',
      good: filesOne,
      bad: bad({ ...two, roots: [...one.roots, root] }),
      reason: /root.*expired|expired.*root/i,
    },
    {
      name: '6a a timestamp that has expired',
      good: filesOne,
      bad: bad({ ...two, timestamp }),
      reason: /timestamp.*expired|expired.*timestamp/i,
    },
    {
      name: '7a a snapshot that has expired',
      good: filesOne,
      bad: bad(await by.around(two, { snapshot })),
      reason: /snapshot.*expired|expired.*snapshot/i,
    },
    {
      name: '7b targets that have expired',
      good: filesOne,
      bad: bad(await by.around(one, { targets, delegated: two.delegated })),
      reason: /targets.*expired|expired.*targets/i,
    },
    {
      name: '6b the same timestamp for ever',
      good: filesOne,
      bad: filesOne,
      atHours: 24 * 31,
      reason: /timestamp.*expired/i,
    },
  ];
}

async function rollbackAttacks({ by, one, two, filesOne, filesTwo }: Scene): Promise<Attack[]> {
  const oldSnapshot = await by.sign(
    'timestamp',
    { ...two.timestamp.envelope.signed, version: 3, meta: { 'snapshot.json': metaOf(one.snapshot) } },
    'ts',
  );
  const oldTargets = await by.around(two, { targets: one.targets });
  const { 'mirror.json': _, ...fewer } = two.snapshot.envelope.signed.meta;
  const dropping = { ...two.snapshot.envelope.signed, version: 3, meta: fewer };
  const dropped = await by.around(two, {
    snapshot: await by.sign('snapshot', dropping, 's'),
  });
  const lowered = await by.around(two, { delegated: one.delegated });
  const back = /less than|rollback|version|lower/i;
  const bad = (state: TufState): ServedFiles => new Map([...filesTwo, ...served([state], [])]);
  return [
    { name: '8 everything goes back', good: filesTwo, bad: filesOne, reason: back },
    {
      name: '9 the snapshot goes back',
      good: filesTwo,
      bad: bad({ ...two, snapshot: one.snapshot, timestamp: oldSnapshot }),
      reason: back,
    },
    { name: '10 the targets go back', good: filesTwo, bad: bad(oldTargets), reason: back },
    {
      name: '11a a role vanishes from the snapshot',
      good: filesTwo,
      bad: bad(dropped),
      reason: /missing|not found|mirror/i,
    },
    { name: '11b a delegated role goes back', good: filesTwo, bad: bad(lowered), reason: back },
  ];
}

async function mixAttacks({ by, one, two, filesOne, filesTwo }: Scene): Promise<Attack[]> {
  const twin = await by.sign(
    'targets',
    { ...two.targets.envelope.signed, expires: formatSeconds(new Date(by.now.getTime() + 40 * 86_400_000)) },
    't1',
    't2',
  );
  const swap = (row: string, file: string, bytes: Buffer): Attack => ({
    name: row,
    good: filesOne,
    bad: filesTwo,
    tricks: new Map([[file, bytes]]),
    reason: /hash|length|mismatch|version/i,
  });
  return [
    swap('12a old targets under the new name', '2.targets.json', one.targets.bytes),
    swap('12b an old snapshot under the new name', '2.snapshot.json', one.snapshot.bytes),
    swap('13 two targets of one version', '2.targets.json', twin.bytes),
  ];
}

async function keyAttacks({ by, one, two, filesOne }: Scene): Promise<Attack[]> {
  const half = await by.sign('targets', two.targets.envelope.signed, 't1');
  const wrongRole = await by.sign('snapshot', two.snapshot.envelope.signed, 'ts');
  const stranger = await by.sign('mirror', two.delegated.get('mirror')!.envelope.signed, 'x1');
  const list = { [mirrored]: entry(texts.mirrorTwo), 'other/latest': entry(texts.mirrorTwo) };
  const greedy = await by.next(one, { delegated: new Map([['mirror', list]]) });
  const unsigned = /signed by|threshold|verif|signature/i;
  const targetFiles = [
    { [trusted]: texts.two, [mirrored]: texts.mirrorTwo, 'other/latest': texts.mirrorTwo },
    { [trusted]: texts.one },
  ];
  const bad = (state: TufState): ServedFiles => served([one, state], targetFiles);
  const strange = bad(await by.around(two, { delegated: new Map([['mirror', stranger]]) }));
  return [
    {
      name: '15 one of two keys of the targets',
      good: filesOne,
      bad: bad(await by.around(one, { targets: half, delegated: two.delegated })),
      reason: unsigned,
    },
    {
      name: '16 the timestamp key signs a snapshot',
      good: filesOne,
      bad: bad(await by.around(two, { snapshot: wrongRole })),
      reason: unsigned,
    },
    { name: '11c a delegated role of a stranger', good: filesOne, bad: strange, target: mirrored, reason: unsigned },
    { name: '11d and what is beside it', good: filesOne, bad: strange, survives: texts.two },
    {
      name: '18 a role lists what is not delegated to it',
      good: filesOne,
      bad: bad(greedy),
      target: 'other/latest',
      reason: /not found/i,
    },
  ];
}

/** A thief of both online keys counts on to a million; then the publisher replaces both, and starts anew. */
async function recoveries({ by, one, two, filesTwo }: Scene): Promise<Attack[]> {
  const far = 1_000_000;
  const snapshot = await by.sign('snapshot', { ...two.snapshot.envelope.signed, version: far }, 's');
  const meta = { 'snapshot.json': metaOf(snapshot) };
  const timestamp = await by.sign('timestamp', { ...two.timestamp.envelope.signed, version: far, meta }, 'ts');
  const forward = new Map([...filesTwo, ...served([{ ...two, snapshot, timestamp }], [])]);
  const roles = { snapshot: by.role(1, 'x1'), timestamp: by.role(1, 'x2') };
  const root = await by.sign('root', by.root(2, roles), 'r1', 'r2');
  const fresh = await by.sign('snapshot', { ...two.snapshot.envelope.signed, version: 3 }, 'x1');
  const recovered = await by.sign(
    'timestamp',
    { ...two.timestamp.envelope.signed, version: 3, meta: { 'snapshot.json': metaOf(fresh) } },
    'x2',
  );
  const state = { ...two, roots: [...one.roots, root], snapshot: fresh, timestamp: recovered };
  return [
    {
      name: '17 fast-forward, and the way back',
      good: forward,
      bad: new Map([...filesTwo, ...served([state], [])]),
      survives: texts.two,
    },
  ];
}

/** Mirrors that harm: whoever turns to an honest one, or waits until the same one is honest, is served again. */
function mirrorAttacks({ two, filesOne, filesTwo }: Scene): Attack[] {
  const target = targetFileName(trusted, digestOf(Buffer.from(texts.two)));
  const altered = Buffer.from(two.snapshot.bytes);
  altered.write('~', altered.length - 2);
  const mirror = (row: string, file: string, bytes: Trick, afterwards: Attack['afterwards']): Attack => ({
    name: row,
    good: filesOne,
    bad: filesTwo,
    tricks: new Map([[file, bytes]]),
    ...(afterwards ? { afterwards } : {}),
  });
  return [
    mirror('19a a mirror with another target', target, Buffer.from(texts.config), 'at another address'),
    mirror('19b a mirror with another snapshot', '2.snapshot.json', altered, 'at another address'),
    mirror('20a a timestamp that comes byte by byte', 'timestamp.json', slow, 'at the same address'),
    mirror('20b a target that comes byte by byte', target, slow, 'at another address'),
  ];
}

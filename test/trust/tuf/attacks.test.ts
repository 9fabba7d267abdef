// The attacks of the TUF specification (§1.5.2) and others, tried on every client that we hand repositories to. The
// repositories are made by the product's authoring, so a client that refuses a good state fails here, too.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { suiteScope } from '../../registry/suite-scope.ts';
import { slow, startAttackServer, type AttackServer } from './attack-server.ts';
import { attacksOf, openScene, texts, trusted, type Attack, type Scene } from './attacks.ts';
import { presentVictims, victims, type Look, type Victim } from './victims.ts';

/** For bytes that never come. */
const impatientMs = 4_000;

describe('attacks on TUF clients', { concurrency: 4 }, () => {
  const scope = suiteScope();
  let scene: Scene;
  let attacks: Attack[];
  let server: AttackServer;
  let folder: string;

  before(async () => {
    scene = await openScene();
    attacks = await attacksOf(scene);
    server = await startAttackServer(scope);
    folder = await temporaryFolder(scope, 'victims');
  });

  const present = presentVictims();
  for (const victim of victims) {
    it(
      `${victim.name} survives all of them`,
      { skip: !present.includes(victim) && `${victim.name} is not here` },
      async () => {
        const failures: string[] = [];
        for (const attack of attacks.filter((attack) => concerns(attack, victim))) {
          await survives(attack, victim).catch((error: unknown) => failures.push(`${attack.name}: ${String(error)}`));
        }
        assert.deepEqual(failures, []);
      },
    );
  }

  async function survives(attack: Attack, victim: Victim): Promise<void> {
    const { target = trusted, atHours, good, bad, tricks, afterwards } = attack;
    const address = server.address(good);
    const dir = join(folder, `${victim.name}-${attack.name.replaceAll(/\W+/g, '-')}`);
    await mkdir(dir);
    const root = scene.one.roots[0]?.bytes ?? Buffer.alloc(0);
    const session = await victim.open(scope, dir, address.url, root);
    const before = await session.look(trusted);
    assert.ok('text' in before, `the good state is refused: ${JSON.stringify(before)}`);
    address.serve(bad, tricks);
    const patienceMs = [...(tricks?.values() ?? [])].includes(slow) ? impatientMs : undefined;
    judgeLook(await session.look(target, { atHours, patienceMs }), attack);
    if (afterwards === undefined) return;
    address.serve(scene.filesTwo);
    const url = afterwards === 'at the same address' ? address.url : server.address(scene.filesTwo).url;
    assert.deepEqual(await session.look(target, { url }), { text: texts.two }, `afterwards, ${afterwards}`);
  }
});

function judgeLook(look: Look, { survives, reason }: Attack): void {
  if (survives !== undefined) return assert.deepEqual(look, { text: survives });
  assert.ok('refused' in look, `accepted: ${JSON.stringify(look)}`);
  assert.match(look.refused, reason ?? /./);
}

/** Go programs live in the present; cosign looks at its own target alone. */
function concerns({ atHours, target }: Attack, { name }: Victim): boolean {
  if (atHours !== undefined && (name === 'go-tuf' || name === 'cosign')) return false;
  return target === undefined || name !== 'cosign';
}

// kill -9 of the service while fifty clients push, twenty times on one folder. `npm run soak -- pushes` does it longer.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { killBesidePushes } from '../soak/pushes.ts';

it('twenty kill -9 beside fifty concurrent pushes lose nothing that was acknowledged', async (t) => {
  const figures = await killBesidePushes(20, 20_260_715);
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.cutOff >= 500, `${figures.cutOff} pushes were cut off`);
  assert.ok(figures.acknowledged >= 500, `${figures.acknowledged} were acknowledged`);
});

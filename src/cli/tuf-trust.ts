// The options that say which TUF repository is asked, and what it is judged by, as `tuf target` and `verify` take them.

import { resolve } from 'node:path';
import type { TufTrust } from '../consumer/types.ts';
import { textOption, type CommandRun } from './command.ts';
import { networkFor } from './network.ts';
import { readTextFile } from './settings.ts';

type Names = { readonly from: string; readonly root: string; readonly memory: string };

/** Undefined without a root. `names` are the options' names. */
export async function tufTrust(run: CommandRun, names: Names): Promise<TufTrust | undefined> {
  const { cwd, clock } = run.host;
  const [from, root, memory] = [names.from, names.root, names.memory].map((name) => textOption(run, name));
  if (root === undefined) return undefined;
  const address = from === undefined ? undefined : /^https?:\/\/(.*)/s.exec(from)?.[1];
  return {
    root: Buffer.from(await readTextFile(resolve(cwd, root))),
    now: clock.now(),
    ...(from === undefined ? {} : { from: address === undefined ? resolve(cwd, from) : from }),
    ...(memory === undefined ? {} : { memory: resolve(cwd, memory) }),
    ...(address === undefined ? {} : { network: await networkFor(run.settings, address) }),
  };
}

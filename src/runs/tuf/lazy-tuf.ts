// The desk of TUF repositories, opened when it is first asked for.

import type { TufCenter } from './tuf-center.ts';

export function lazyTuf(open: () => Promise<TufCenter>): TufCenter {
  return {
    show: async (...args) => (await open()).show(...args),
    init: async (...args) => (await open()).init(...args),
    draft: async (...args) => (await open()).draft(...args),
    publish: async (...args) => (await open()).publish(...args),
    kit: async (...args) => (await open()).kit(...args),
  };
}

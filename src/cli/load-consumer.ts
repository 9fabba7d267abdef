// The consumer's functions, each module loaded when its function is first called.

import type { Consumer } from '../consumer/types.ts';

export const lazyConsumer: Consumer = {
  mirrorPull: async (options) => (await import('../consumer/pull.ts')).mirrorPull(options),
  async *mirrorRecords(source, network) {
    yield* (await import('../consumer/records.ts')).mirrorRecords(source, network);
  },
  async *mirrorChanges(source, network) {
    yield* (await import('../consumer/records.ts')).mirrorChanges(source, network);
  },
  mirrorPush: async (dir, destination, network) =>
    (await import('../consumer/push.ts')).mirrorPush(dir, destination, network),
  mirrorDoctor: async (dir, network) => (await import('../consumer/doctor.ts')).mirrorDoctor(dir, network),
  materializeTrivyCache: async (dir, cache, options) =>
    (await import('../consumer/materialize.ts')).materializeTrivyCache(dir, cache, options),
  extract: async (source, out, network) => (await import('../consumer/extract.ts')).extract(source, out, network),
  verifyFile: async (path, options) => (await import('../consumer/verify-file.ts')).verifyFile(path, options),
  verify: async (source, options) => (await import('../consumer/verify.ts')).verify(source, options),
};

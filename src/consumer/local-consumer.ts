// The consumer's commands as the command line takes them.

import { mirrorDoctor } from './doctor.ts';
import { extract } from './extract.ts';
import { materializeTrivyCache } from './materialize.ts';
import { mirrorPull } from './pull.ts';
import { mirrorPush } from './push.ts';
import { mirrorChanges, mirrorRecords } from './records.ts';
import type { Consumer } from './types.ts';
import { verifyFile } from './verify-file.ts';
import { verify } from './verify.ts';

export const localConsumer: Consumer = {
  mirrorPull,
  mirrorRecords,
  mirrorChanges,
  mirrorPush,
  mirrorDoctor,
  materializeTrivyCache,
  extract,
  verify,
  verifyFile,
};

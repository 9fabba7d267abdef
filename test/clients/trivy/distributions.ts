// The systems of all distributions.

import { debApkSystems } from './deb-apk-distributions.ts';
import { rpmSystems } from './rpm-distributions.ts';
import type { System } from './system.ts';

export const systems: readonly System[] = [...debApkSystems, ...rpmSystems];

// Lines of a report that say what was not looked at. Their reason begins with "not checked": they are no failure, but no
// promise either.

import type { Check } from '../trust/types.ts';

const notChecked = 'not checked';

export function skipped(name: string, why: string): Check {
  return { name, ok: false, reason: `${notChecked}: ${why}` };
}

/** True for a line about something that was not looked at, for want of a key or because of an earlier failure. */
export function isNotChecked(check: Check): boolean {
  return !check.ok && check.reason.startsWith(notChecked);
}

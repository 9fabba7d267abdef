// --offline for what a service would fetch or send on our behalf: refused here, before it is asked.

import { ExportError } from '../core/errors.ts';

/** Throws OFFLINE when `place` lies in the network and the network is not to be used. */
export function refuseOffline(offline: boolean, place: string): void {
  if (!offline) return;
  throw new ExportError('OFFLINE', `${place} is needed, but the network is not to be used`, {
    hint: 'leave out --offline, or work on local files',
  });
}

/** True for what is fetched: an http(s) URL or an `oci:` reference. */
export function isFetched(from: string): boolean {
  return /^(?:https?:\/\/|oci:)/i.test(from);
}

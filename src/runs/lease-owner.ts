// Who holds a lease: machine, process, and a part that no other process had. A lease of a dead process of this machine
// counts as ended, so that a crash costs no waiting.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

export function newLeaseOwner(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

/** Whether the holder was a process of this machine that is gone. */
export function isGone(owner: string): boolean {
  const [host, pid] = owner.split(':');
  return host === hostname() && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

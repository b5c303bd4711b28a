export const ANY_NAME = 'any';

/** Whether a slave that speaks on this inbox may have this id: its name, or anything below it. */
export function inboxCovers(inbox: string, id: string): boolean {
  const [name = ''] = inbox.split('.');
  return name === ANY_NAME || id === name || id.startsWith(`${name}/`);
}

/**
 * The subjects of one prefix. Everything a master says is below `PREFIX.down`, everything a slave
 * says is below `PREFIX.up`, so that a server's permissions tell the two roles apart; a slave's
 * own subjects hold its name, so that they can tell slaves apart as well.
 *
 *     PREFIX.down.all                  the master to all slaves
 *     PREFIX.down.here                 the master: I am here
 *     PREFIX.down.to.NAME.INBOX        the master to one slave
 *     PREFIX.up.NAME.INBOX             one slave to the master, its joining first
 */
export interface Subjects {
  readonly all: string;
  readonly here: string;
  /** What a master subscribes to. */
  readonly fromSlaves: string;
  /** Where a slave with this inbox is reached. */
  toSlave(inbox: string): string;
  /** Where a slave with this inbox speaks. */
  fromSlave(inbox: string): string;
  /** The inbox of the slave that spoke on a subject of `fromSlaves`. */
  inboxOf(subject: string): string;
}

export function subjectsOf(prefix: string): Subjects {
  const up = `${prefix}.up.`;
  return {
    all: `${prefix}.down.all`,
    here: `${prefix}.down.here`,
    fromSlaves: `${up}*.*`,
    toSlave: (inbox) => `${prefix}.down.to.${inbox}`,
    fromSlave: (inbox) => `${up}${inbox}`,
    inboxOf: (subject) => subject.slice(up.length),
  };
}

/** What the slaves of `udp-node.ts` refuse. */
export const REFUSED = -1;

/** `limit-json`: the same program with one JSON text per message. */
import { jsonCodec } from './codec.js';
import { limitSides } from './sides.js';

export const { createMasterSide, createSlaveSide } = limitSides(jsonCodec);

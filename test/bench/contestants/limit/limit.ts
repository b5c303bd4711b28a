/** `limit`: binary frames, values kept as the bytes that came. */
import { binaryCodec } from './codec.js';
import { limitSides } from './sides.js';

export const { createMasterSide, createSlaveSide } = limitSides(binaryCodec);

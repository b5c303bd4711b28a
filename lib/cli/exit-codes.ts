/** What the command's exit code says; docs/guides/command.md holds the same table. */
export const EXIT = Object.freeze({
  /** Done, or stopped by SIGINT or SIGTERM as asked. */
  done: 0,
  /** It could not do what it was asked to; the last line of stderr says why. */
  failed: 1,
  /** The command line itself is wrong; nothing was started. */
  usage: 2,
  /** A demo that was interrupted, or a second signal while stopping. */
  interrupted: 130,
});

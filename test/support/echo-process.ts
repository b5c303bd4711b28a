/** A child process that sends back whatever it is sent, until nobody is there to read it. */
const nobodyReads = () => undefined;
process.on('message', (message) => {
  process.send?.(message, undefined, undefined, nobodyReads);
});

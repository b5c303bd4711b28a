/**
 * Whether all of many are as they should be, asked with every word of every one of them: goes on
 * where it found the last one missing, and says yes only after a look at all, since some may have
 * come or fallen back meanwhile.
 */
export function patientEvery<T>(all: () => Iterable<T>, isRight: (one: T) => boolean) {
  let list: readonly T[] = [...all()];
  let at = 0;
  const goOn = (): boolean => {
    while (at < list.length && isRight(list[at] as T)) at += 1;
    return at === list.length;
  };
  return (): boolean => {
    if (!goOn()) return false;
    list = [...all()];
    at = 0;
    return goOn();
  };
}

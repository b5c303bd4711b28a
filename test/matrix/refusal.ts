/** Throws a `Veto` for a value that this slave does not take. */
export type Refusal = (key: string, value: string) => void;

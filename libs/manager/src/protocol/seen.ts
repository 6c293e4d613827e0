/** Up to this many objects are found faster by comparing than by hashing. */
const LIST_MAX = 8;

/** The objects that a walk has met. */
export class Seen {
  private readonly list: object[] = [];
  private set: Set<object> | undefined;

  /** Whether the object was met before; now it was. */
  addIsRepeat(value: object): boolean {
    if (this.set !== undefined) {
      if (this.set.has(value)) return true;
      this.set.add(value);
      return false;
    }
    const list = this.list;
    for (let i = 0; i < list.length; i++) if (list[i] === value) return true;
    list.push(value);
    if (list.length > LIST_MAX) this.set = new Set(list);
    return false;
  }
}

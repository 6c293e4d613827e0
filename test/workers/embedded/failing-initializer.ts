export default function initialize(): void {
  throw new RangeError('no licence for this machine');
}

/** A reproducible generator of numbers from 0 to 1 (Park and Miller). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

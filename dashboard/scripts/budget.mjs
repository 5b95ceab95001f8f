// Prints what each chunk weighs compressed, and fails when the first load (shell and home) is over its budget.
import { readFileSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 300;
const FIRST = ['index.html', 'src/screens/home/HomeScreen.tsx'];

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const kilobytes = (file) => gzipSync(readFileSync(`dist/${file}`)).length / 1024;

/** A chunk's files with all that it imports at once. */
function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the build has no chunk ${key}`);
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const imported of chunk.imports ?? []) filesOf(imported, seen);
  return seen;
}

const first = new Set(FIRST.flatMap((key) => [...filesOf(key)]));
const all = new Set(Object.values(manifest).flatMap((chunk) => [chunk.file, ...(chunk.css ?? [])]));
for (const file of [...all].sort((a, b) => kilobytes(b) - kilobytes(a))) {
  console.log(
    `${kilobytes(file).toFixed(1).padStart(8)} KB  ${first.has(file) ? 'first' : 'later'}  ${file}`,
  );
}
const total = [...first].reduce((sum, file) => sum + kilobytes(file), 0);
console.log(`first load: ${total.toFixed(1)} KB of ${BUDGET_KB} KB compressed`);
rmSync('dist/.vite', { recursive: true });
if (total > BUDGET_KB) process.exit(1);

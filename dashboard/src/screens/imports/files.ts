/** The files that were tried since the page was loaded, by import; browsers let no page open them again by itself. */
const files = new Map<string, File>();

/** How many are kept; a file is a handle, its content stays on the disk. */
const MOST = 20;

export function keepFile(id: string, file: File) {
  files.set(id, file);
  const [oldest] = files.keys();
  if (files.size > MOST && oldest) files.delete(oldest);
}

export const fileOf = (id: string): File | null => files.get(id) ?? null;

/** Whether it can still be read: one that was changed or moved since it was chosen cannot. */
export const isReadable = (file: File) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );

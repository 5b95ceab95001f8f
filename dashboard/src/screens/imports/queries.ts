import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Import = Schemas['Import'];

/** What all queries about imports begin with. */
export const IMPORTS = ['imports'];

/** Whether its rows are still being read. */
export const isOpen = ({ status }: Import) => status !== 'done' && status !== 'failed';

/** An import; read again and again while it runs. */
export const importQuery = (id: string) =>
  queryOptions({
    queryKey: [...IMPORTS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/imports/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && isOpen(state.data) ? 1_000 : false),
  });

/** A file to import and how. */
export interface ImportOrder {
  file: File;
  dryRun: boolean;
  setInventory: boolean;
  currency: string | null;
  /** When the file's quantities were true. */
  asOf: string | null;
}

/** Sends a file; the answer comes while its rows wait to be read. */
export function startImport({ file, dryRun, setInventory, currency, asOf }: ImportOrder): Promise<Import> {
  const form = new FormData();
  form.set('dry_run', String(dryRun));
  form.set('set_inventory', String(setInventory));
  if (currency) form.set('currency', currency);
  if (asOf) form.set('as_of', asOf);
  form.set('file', file, file.name);
  return answer(api.POST('/v1/admin/imports', { body: { file: file.name }, bodySerializer: () => form }));
}

import { type Code, codesPage } from './queries';

/** Every code of a discount, page by page. */
export async function allCodes(id: string): Promise<Code[]> {
  const codes: Code[] = [];
  let cursor: string | undefined;
  do {
    const { data, page } = await codesPage(id, cursor, 100);
    codes.push(...data);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return codes;
}

/** Codes are letters, digits, `-` and `_`, so that no cell needs quotes. */
function csvOf(codes: Code[]): string {
  const rows = codes.map(({ code, times_used, usage_limit, created_at }) =>
    [code, times_used, usage_limit ?? '', created_at].join(','),
  );
  return ['code,times_used,usage_limit,created_at', ...rows, ''].join('\r\n');
}

/** Saves codes as a file of the viewer. */
export function saveCodes(title: string, codes: Code[]) {
  const address = URL.createObjectURL(new Blob([csvOf(codes)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `${title.replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')}-codes.csv`;
  link.click();
  URL.revokeObjectURL(address);
}

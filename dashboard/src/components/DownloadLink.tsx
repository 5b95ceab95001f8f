import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

/** A link to a file that the browser saves. */
export function DownloadLink({ href, children }: { href: string; children: string }) {
  return (
    <Button
      component="a"
      href={href}
      download
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      {children}
    </Button>
  );
}

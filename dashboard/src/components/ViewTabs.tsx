import { ActionIcon, Group, Menu, ScrollArea } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconCopy, IconDots, IconPencil, IconTrash } from '@tabler/icons-react';
import { Link, useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import classes from './tabs.module.css';
import { DeleteView, RenameView } from './ViewDialogs';
import type { View, Views } from './views';

interface Props {
  /** What is viewed, for screen readers. */
  label: string;
  views: Views;
}

/** The views of a list as links beside each other; the present one, if it is one's own, with what can be done to it. */
export function ViewTabs({ label, views }: Props) {
  const { all, current, isOwn } = views;
  const present = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view comes into sight
  useEffect(() => {
    present.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current?.name]);
  return (
    <ScrollArea type="never" className={classes.frame} px="xs">
      <Group component="nav" aria-label={label} gap={4} wrap="nowrap">
        {all.map((view) => (
          <Group
            key={`${isOwn(view)} ${view.name}`}
            ref={view === current ? present : undefined}
            className={classes.view}
            data-current={view === current || undefined}
            gap={0}
            wrap="nowrap"
          >
            <Link
              to="."
              search={view.search as never}
              className={classes.tab}
              activeOptions={{ exact: true, includeSearch: true }}
              aria-current={view === current ? 'true' : undefined}
            >
              {view.name}
            </Link>
            {view === current && isOwn(view) && <ViewMenu view={view} views={views} />}
          </Group>
        ))}
      </Group>
    </ScrollArea>
  );
}

function ViewMenu({ view, views }: { view: View; views: Views }) {
  const [open, setOpen] = useState<'rename' | 'delete' | null>(null);
  const { copy } = useClipboard();
  const router = useRouter();
  const share = () => {
    const { href } = router.buildLocation({ to: '.', search: view.search as never });
    copy(new URL(href, window.location.origin).href);
    notifications.show({ message: 'The link is copied.', color: 'green' });
  };
  const props = { view, views, onClose: () => setOpen(null) };
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            mr={6}
            aria-label={`More about the view ${view.name}`}
          >
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconCopy size={16} aria-hidden />} onClick={share}>
            Copy link
          </Menu.Item>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setOpen('rename')}>
            Rename…
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => setOpen('delete')}
          >
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {open === 'rename' && <RenameView {...props} />}
      {open === 'delete' && <DeleteView {...props} />}
    </>
  );
}

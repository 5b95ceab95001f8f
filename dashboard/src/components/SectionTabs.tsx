import { Group, ScrollArea } from '@mantine/core';
import { Link, type LinkProps } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import classes from './tabs.module.css';

interface Props {
  /** What the screens have in common, for screen readers. */
  label: string;
  tabs: { to: LinkProps['to']; label: string; shown?: boolean; search?: object }[];
}

/** The screens of a section, as links beside each other. */
export function SectionTabs({ label, tabs }: Props) {
  const viewport = useRef<HTMLDivElement>(null);
  useEffect(() => showPresent(viewport.current), []);
  return (
    <ScrollArea type="never" className={classes.frame} viewportRef={viewport}>
      <Group component="nav" aria-label={label} gap={4} wrap="nowrap">
        {tabs
          .filter(({ shown = true }) => shown)
          .map(({ to, label, search }) => (
            <Link
              key={label}
              to={to}
              search={search as LinkProps['search']}
              className={classes.tab}
              activeOptions={{ exact: true, includeSearch: false }}
            >
              {label}
            </Link>
          ))}
      </Group>
    </ScrollArea>
  );
}

/** Brings the tab of the present screen into view where there is no room for all. */
function showPresent(viewport: HTMLDivElement | null) {
  const tab = viewport?.querySelector<HTMLElement>('[aria-current="page"]');
  if (viewport && tab) viewport.scrollLeft = tab.offsetLeft - (viewport.clientWidth - tab.offsetWidth) / 2;
}

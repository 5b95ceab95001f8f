import { Group, ScrollArea } from '@mantine/core';
import { Link, type LinkProps } from '@tanstack/react-router';
import classes from './tabs.module.css';

interface Props {
  /** What the screens have in common, for screen readers. */
  label: string;
  tabs: { to: LinkProps['to']; label: string; shown?: boolean; search?: object }[];
}

/** The screens of a section, as links beside each other. */
export function SectionTabs({ label, tabs }: Props) {
  return (
    <ScrollArea type="never" className={classes.frame}>
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

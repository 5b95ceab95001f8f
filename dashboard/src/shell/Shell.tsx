import {
  AppShell,
  Box,
  Burger,
  Group,
  NavLink,
  type NavLinkProps,
  ScrollArea,
  Text,
  UnstyledButton,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { createLink, Outlet } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';
import { useMay } from '../api/session';
import { Brand } from './Brand';
import { useLive } from './live';
import { type Destination, NAVIGATION, type Section } from './navigation';
import { SessionEnded } from './SessionEnded';
import classes from './shell.module.css';
import { UserMenu } from './UserMenu';

type LinkProps = NavLinkProps &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof NavLinkProps> & { ref?: Ref<HTMLAnchorElement> };

const NavigationLink = createLink((props: LinkProps) => <NavLink component="a" {...props} />);

/** The frame around every screen: navigation to the left, or behind a burger where it is narrow. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  useLive();
  return (
    <AppShell
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <UnstyledButton component="a" href="#content" className={classes.skip}>
        Skip to the content
      </UnstyledButton>
      <AppShell.Header hiddenFrom="sm" px="sm">
        <Group h="100%" justify="space-between">
          <Group gap="xs">
            <Burger
              opened={opened}
              onClick={toggle}
              size="sm"
              aria-label={opened ? 'Close the navigation' : 'Open the navigation'}
            />
            <Brand />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} aria-label="Screens">
        <Box visibleFrom="sm" px="md" py="md">
          <Brand />
        </Box>
        <ScrollArea flex={1} px="xs" pt={{ base: 'xs', sm: 0 }} type="never">
          {NAVIGATION.map((section) => (
            <SectionLinks key={section.title ?? ''} section={section} onGo={close} />
          ))}
        </ScrollArea>
        <UserMenu />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <Box maw={1240} mx="auto">
          <Outlet />
        </Box>
      </AppShell.Main>
      <SessionEnded />
    </AppShell>
  );
}

function SectionLinks({ section, onGo }: { section: Section; onGo: () => void }) {
  const may = useMay();
  const shown = section.destinations.filter(({ scope }) => !scope || may(scope));
  if (shown.length === 0) return null;
  return (
    <Box mb="md">
      {section.title && <Text className={classes.sectionTitle}>{section.title}</Text>}
      {shown.map((destination) => (
        <DestinationLink key={destination.label} destination={destination} onGo={onGo} />
      ))}
    </Box>
  );
}

function DestinationLink({
  destination: { to, label, icon: Icon },
  onGo,
}: {
  destination: Destination;
  onGo: () => void;
}) {
  return (
    <NavigationLink
      to={to}
      label={label}
      leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
      className={classes.link}
      activeOptions={{ exact: to === '/', includeSearch: false }}
      onClick={onGo}
    />
  );
}

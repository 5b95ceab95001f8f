import {
  Avatar,
  Box,
  Group,
  Menu,
  SegmentedControl,
  Text,
  UnstyledButton,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronUp, IconKey, IconLogout } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { logOut, sessionQuery } from '../api/session';
import { useAction } from '../components/actions';
import { ChangePassword } from './ChangePassword';
import classes from './user.module.css';

/** Who is logged in, light or dark, and the way out. */
export function UserMenu() {
  const { data } = useQuery(sessionQuery);
  const leave = useAction({ run: logOut, onDone: () => window.location.assign(import.meta.env.BASE_URL) });
  const [changing, { open, close }] = useDisclosure(false);
  const staff = data?.session?.staff;
  if (!staff) return null;
  return (
    <>
      <Menu position="top-start" width={216}>
        <Menu.Target>
          <UnstyledButton className={classes.user}>
            <VisuallyHidden>Account and appearance of</VisuallyHidden>
            <Group gap="sm" wrap="nowrap">
              <Avatar name={nameOf(staff)} color="initials" size={32} aria-hidden />
              <Box flex={1} miw={0}>
                <Text size="sm" fw={550} truncate>
                  {nameOf(staff)}
                </Text>
                <Text size="xs" c="dimmed" truncate>
                  {staff.role.name}
                </Text>
              </Box>
              <IconChevronUp size={16} aria-hidden />
            </Group>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{staff.email}</Menu.Label>
          <ColorSchemeSwitch />
          <Menu.Divider />
          <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={open}>
            Change password…
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => leave.mutate()}>
            Log out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {changing && <ChangePassword onClose={close} />}
    </>
  );
}

/** Who was made by the command line has no name yet. */
const nameOf = ({ name, email }: { name?: string | null | undefined; email: string }) => name ?? email;

const SCHEMES = [
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'auto', label: 'Auto' },
] as const;

function ColorSchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Box px="xs" pb="xs">
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label="Appearance"
        data={[...SCHEMES]}
        value={colorScheme}
        onChange={setColorScheme}
      />
    </Box>
  );
}

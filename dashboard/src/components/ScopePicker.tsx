import { Button, Checkbox, Group, Input, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { sessionQuery } from '../api/session';
import { words } from '../format/words';

type Scope = Schemas['Scope'];

interface Props {
  value?: Scope[];
  onChange: (scopes: Scope[]) => void;
  error?: ReactNode;
}

/** What a scope is about: `orders` of `orders:read`. */
const aboutOf = (scope: Scope) => scope.slice(0, scope.indexOf(':'));

/** Scopes by what they are about: only those that the person has themselves can be given or taken. */
export function ScopePicker({ value = [], onChange, error }: Props) {
  const held = useQuery(sessionQuery).data?.session?.scopes ?? [];
  const offered = [...new Set([...held, ...value])].filter((scope) => scope !== 'storefront').sort();
  const abouts = [...new Set(offered.map(aboutOf))];
  const mine = offered.filter((scope) => held.includes(scope));
  const toggle = (scope: Scope, on: boolean) =>
    onChange(on ? [...value, scope] : value.filter((other) => other !== scope));
  return (
    <Input.Wrapper label="What it may do" required error={error}>
      <Group gap={4} my={4}>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => onChange([...new Set([...value, ...mine])])}
        >
          All
        </Button>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => onChange(value.filter((scope) => !held.includes(scope)))}
        >
          None
        </Button>
      </Group>
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="sm">
        {abouts.map((about) => (
          <Stack key={about} gap={4} role="group" aria-label={words(about)}>
            <Text size="sm" fw={550}>
              {words(about)}
            </Text>
            {offered
              .filter((scope) => aboutOf(scope) === about)
              .map((scope) => (
                <Checkbox
                  key={scope}
                  size="xs"
                  label={words(scope.slice(about.length + 1))}
                  aria-label={scope}
                  checked={value.includes(scope)}
                  disabled={!held.includes(scope)}
                  onChange={({ currentTarget }) => toggle(scope, currentTarget.checked)}
                />
              ))}
          </Stack>
        ))}
      </SimpleGrid>
    </Input.Wrapper>
  );
}

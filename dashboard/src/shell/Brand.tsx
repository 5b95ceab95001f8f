import { Group, Text } from '@mantine/core';

/** The product's mark and name. */
export function Brand() {
  return (
    <Group gap={8} wrap="nowrap">
      <img src={`${import.meta.env.BASE_URL}favicon.svg`} width={26} height={26} alt="" />
      <Text fw={700} fz="md">
        Merx
      </Text>
    </Group>
  );
}

import { ActionIcon, Box, Button, Group, Image, MultiSelect, Stack, Text, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPhoto, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Panel } from '../../components/Page';
import type { FormProps } from './ProductFields';
import type { MediaValues } from './productForm';

let made = 0;
const empty = (): MediaValues => {
  made += 1;
  return { key: `new-${made}`, id: null, url: '', alt: '', width: null, height: null, variant_skus: [] };
};

/** The pictures, by their addresses, in the order in which shoppers see them. */
export function MediaPanel({ form, skus }: FormProps & { skus: string[] }) {
  const { media } = form.values;
  return (
    <Panel
      title="Pictures"
      action={
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => form.insertListItem('media', empty())}
        >
          Add a picture
        </Button>
      }
    >
      {media.length === 0 && (
        <Text size="sm" c="dimmed">
          No pictures yet. Add one by its address; the first is shown in lists.
        </Text>
      )}
      <Stack gap="md">
        {media.map((picture, index) => (
          <Picture key={picture.key} form={form} index={index} picture={picture} skus={skus} />
        ))}
      </Stack>
    </Panel>
  );
}

interface PictureProps extends FormProps {
  index: number;
  picture: MediaValues;
  skus: string[];
}

function Picture({ form, index, picture, skus }: PictureProps) {
  const name = `picture ${index + 1}`;
  const last = form.values.media.length - 1;
  return (
    <Group align="flex-start" gap="sm" wrap="nowrap">
      <Thumbnail key={picture.url} url={picture.url} />
      <Stack gap={6} flex={1} miw={0}>
        <TextInput
          aria-label={`Address of ${name}`}
          placeholder="https://…"
          type="url"
          {...form.getInputProps(`media.${index}.url`)}
        />
        <TextInput
          aria-label={`What ${name} shows`}
          placeholder="What it shows, for those who cannot see it"
          {...form.getInputProps(`media.${index}.alt`)}
        />
        {skus.length > 1 && (
          <MultiSelect
            aria-label={`Variants that ${name} shows`}
            placeholder={picture.variant_skus.length === 0 ? 'Shows all variants' : undefined}
            data={skus}
            searchable
            {...form.getInputProps(`media.${index}.variant_skus`)}
          />
        )}
      </Stack>
      <Stack gap={2}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Move ${name} up`}
          disabled={index === 0}
          onClick={() => form.reorderListItem('media', { from: index, to: index - 1 })}
        >
          <IconArrowUp size={16} />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Move ${name} down`}
          disabled={index === last}
          onClick={() => form.reorderListItem('media', { from: index, to: index + 1 })}
        >
          <IconArrowDown size={16} />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="red"
          aria-label={`Remove ${name}`}
          onClick={() => form.removeListItem('media', index)}
        >
          <IconTrash size={16} />
        </ActionIcon>
      </Stack>
    </Group>
  );
}

function Thumbnail({ url }: { url: string }) {
  const [failed, setFailed] = useState(false);
  if (url.startsWith('http') && !failed) {
    return <Image src={url} alt="" w={72} h={72} radius="sm" fit="cover" onError={() => setFailed(true)} />;
  }
  return (
    <Box w={72} h={72} bg="var(--mantine-color-default-hover)" c="dimmed" style={{ borderRadius: 4 }}>
      <Stack align="center" justify="center" h="100%" gap={2}>
        <IconPhoto size={22} stroke={1.4} aria-hidden />
        {failed && <Text fz={10}>Not found</Text>}
      </Stack>
    </Box>
  );
}

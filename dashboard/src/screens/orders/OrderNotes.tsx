import { ActionIcon, Button, Group, Stack, TagsInput, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction, useOnce } from '../../components/actions';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { Time } from '../../components/Told';
import { ORDERS, type Order } from './queries';

/** What staff tell each other about an order; shoppers never see it. */
export function OrderNotes({ order }: { order: Order }) {
  const may = useMay();
  const notes = useQuery({
    queryKey: [...ORDERS, 'notes', order.id, order.version],
    queryFn: () => answer(api.GET('/v1/admin/orders/{id}/notes', { params: { path: { id: order.id } } })),
  });
  const remove = useAction({
    run: (note_id: string) =>
      answer(
        api.DELETE('/v1/admin/orders/{id}/notes/{note_id}', { params: { path: { id: order.id, note_id } } }),
      ),
    refresh: [ORDERS],
  });
  return (
    <Panel title="Notes and tags">
      <Stack gap="sm">
        <Tags order={order} disabled={!may('orders:write')} />
        {may('orders:write') && <NewNote order={order} />}
        <Loaded query={notes} rows={2}>
          {({ data }) => (
            <Stack gap="sm">
              {data.map(({ id, body, created_by, created_by_name, created_at }) => (
                <Group key={id} justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
                  <div>
                    <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                      {body}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {created_by_name ?? created_by} · <Time at={created_at} />
                    </Text>
                  </div>
                  {may('orders:write') && (
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label="Delete the note"
                      onClick={() => remove.mutate(id, { onError: tellProblem })}
                    >
                      <IconTrash size={16} aria-hidden />
                    </ActionIcon>
                  )}
                </Group>
              ))}
            </Stack>
          )}
        </Loaded>
      </Stack>
    </Panel>
  );
}

function NewNote({ order }: { order: Order }) {
  const once = useOnce();
  const form = useForm({ initialValues: { body: '' } });
  const add = useAction({
    run: (body: { body: string }) =>
      once(body, (header) =>
        answer(api.POST('/v1/admin/orders/{id}/notes', { params: { path: { id: order.id }, header }, body })),
      ),
    form,
    refresh: [ORDERS],
    onDone: () => form.reset(),
  });
  return (
    <form onSubmit={form.onSubmit((values) => add.mutate(values))}>
      <Stack gap="xs">
        <Textarea
          aria-label="New note"
          placeholder="Write a note"
          autosize
          minRows={2}
          {...form.getInputProps('body')}
        />
        <ProblemAlert error={add.error} shown={['body']} />
        {form.values.body.trim() && (
          <Group justify="flex-end">
            <Button size="xs" type="submit" loading={add.isPending}>
              Save the note
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

/** Tags are added and taken away one by one, so that two people who tag at once do not undo each other. */
function Tags({ order, disabled }: { order: Order; disabled: boolean }) {
  const tags = order.tags ?? [];
  const change = useAction({
    run: (after: string[]) => {
      const add_tags = after.filter((tag) => !tags.includes(tag));
      const remove_tags = tags.filter((tag) => !after.includes(tag));
      const params = { path: { id: order.id }, header: ifMatch(order.version) };
      return answer(api.PATCH('/v1/admin/orders/{id}', { params, body: { add_tags, remove_tags } }));
    },
    refresh: [ORDERS],
  });
  return (
    <TagsInput
      label="Tags"
      placeholder={tags.length === 0 ? 'None yet' : undefined}
      disabled={disabled}
      maxTags={50}
      value={change.isPending ? change.variables : tags}
      onChange={(after) => change.mutate(after, { onError: tellProblem })}
    />
  );
}

import { Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { SecretModal } from '../../components/SecretModal';
import { bodyOf, EndpointFields, type EndpointValues, validateEndpoint, valuesOf } from './EndpointFields';
import { WEBHOOKS } from './queries';

/** Adds an endpoint, and shows the secret that its events are signed with, once. */
export function NewEndpoint({ onClose }: { onClose: () => void }) {
  const once = useOnce();
  const form = useForm<EndpointValues>({ initialValues: valuesOf(), validate: validateEndpoint });
  const create = useAction({
    run: (values: EndpointValues) => {
      const body = bodyOf(values);
      return once(body, (header) =>
        answer(api.POST('/v1/admin/webhook-endpoints', { params: { header }, body })),
      );
    },
    form,
    refresh: [WEBHOOKS],
    done: 'The endpoint is added.',
  });
  return (
    <>
      <ActionModal
        title="Add an endpoint"
        opened={!create.data}
        onClose={onClose}
        size="lg"
        submit="Add endpoint"
        action={create}
        fields={Object.keys(form.values)}
        onSubmit={() => !form.validate().hasErrors && create.mutate(form.values)}
      >
        <EndpointFields form={form} />
      </ActionModal>
      <EndpointSecret secret={create.data?.secret ?? null} onClose={onClose} />
    </>
  );
}

/** The secret of a new endpoint, or of one whose secret was rotated. */
export function EndpointSecret({ secret, onClose }: { secret: string | null; onClose: () => void }) {
  return (
    <SecretModal title="Signing secret" label="Signing secret" secret={secret} onClose={onClose}>
      <Text size="sm">
        The receiver checks by it that events come from the shop, after the Standard Webhooks specification.
      </Text>
    </SecretModal>
  );
}

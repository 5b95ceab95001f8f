import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { ConflictModal, useVersioned } from '../../components/versions';
import { bodyOf, EndpointFields, type EndpointValues, validateEndpoint, valuesOf } from './EndpointFields';
import { type Endpoint, endpointQuery, WEBHOOKS, wantedOf } from './queries';

/** Changes an endpoint. A change that somebody else made meanwhile is shown, not overwritten. */
export function EditEndpoint({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm<EndpointValues>({ initialValues: valuesOf(endpoint), validate: validateEndpoint });
  const versioned = useVersioned<Endpoint, EndpointValues>({
    send: (values, version) =>
      answer(
        api.PATCH('/v1/admin/webhook-endpoints/{id}', {
          params: { path: { id: endpoint.id }, header: ifMatch(version) },
          body: bodyOf(values),
        }),
      ),
    read: () => client.fetchQuery({ ...endpointQuery(endpoint.id), staleTime: 0 }),
  });
  const save = useAction({
    run: versioned.save,
    form,
    refresh: [WEBHOOKS],
    done: 'The endpoint is saved.',
    onDone: onClose,
  });
  return (
    <>
      <ActionModal
        title="Edit the endpoint"
        opened={!versioned.conflict}
        onClose={onClose}
        size="lg"
        submit="Save"
        action={save}
        fields={Object.keys(form.values)}
        disabled={!form.isDirty()}
        onSubmit={() =>
          !form.validate().hasErrors && save.mutate({ values: form.values, version: endpoint.version })
        }
      >
        <EndpointFields form={form} />
      </ActionModal>
      <ConflictModal
        conflict={versioned.conflict}
        toValues={valuesOf}
        fields={[
          { label: 'Address', of: ({ url }) => url },
          { label: 'Description', of: ({ description }) => description },
          { label: 'Events', of: (values) => wantedOf(bodyOf(values)) },
        ]}
        onKeepMine={(values, theirs) => save.mutate({ values, version: theirs.version })}
        onTakeTheirs={onClose}
        onClose={versioned.dismiss}
      />
    </>
  );
}

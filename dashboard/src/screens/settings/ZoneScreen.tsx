import { Button, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { changes, DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { Time } from '../../components/Told';
import { REFRESH, type Zone, zoneQuery } from './queries';
import { PlacePanel, RatesPanel } from './ZoneFields';
import { bodyOf, errorsOf, LABELS, valuesOf, type ZoneValues } from './zoneForm';

/** One zone: where it is and what sending goods there costs. */
export function ZoneScreen() {
  const { id } = useParams({ from: '/shell/settings/shipping/zones/$id' });
  const query = useQuery(zoneQuery(id));
  return <Loaded query={query}>{(zone) => <Editor key={zone.id} zone={zone} />}</Loaded>;
}

function Editor({ zone }: { zone: Zone }) {
  const may = useMay()('settings:write');
  const client = useQueryClient();
  const of = useDocumentForm<Zone, ZoneValues>({
    document: zone,
    toValues: valuesOf,
    validate: errorsOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/shipping-zones/{id}', {
          params: { path: { id: base.id }, header: ifMatch(base.version) },
          body: changes(bodyOf(values), bodyOf(valuesOf(base))),
        }),
      ),
    read: () => client.fetchQuery({ ...zoneQuery(zone.id), staleTime: 0 }),
    refresh: REFRESH,
    done: 'The zone is saved.',
    labels: LABELS,
  });
  return (
    <Page
      title={zone.name}
      back={<ScreenLink to="/settings/shipping">← Shipping</ScreenLink>}
      below={
        <>
          Changed <Time at={zone.updated_at} />
        </>
      }
      actions={may && <DeleteZone zone={zone} />}
    >
      <DocumentForm of={of} may={may}>
        <Stack gap="md">
          <PlacePanel form={of.form} />
          <RatesPanel form={of.form} />
        </Stack>
      </DocumentForm>
    </Page>
  );
}

function DeleteZone({ zone: { id, name, version } }: { zone: Zone }) {
  const [opened, { open, close }] = useDisclosure(false);
  const navigate = useNavigate();
  const remove = useAction({
    run: () =>
      answer(
        api.DELETE('/v1/admin/shipping-zones/{id}', { params: { path: { id }, header: ifMatch(version) } }),
      ),
    done: `${name} is deleted.`,
    onDone: async () => {
      await navigate({ to: '/settings/shipping', ignoreBlocker: true });
    },
    refresh: [['store']],
  });
  return (
    <>
      <Button variant="default" onClick={open}>
        Delete
      </Button>
      <ActionModal
        title={`Delete ${name}?`}
        opened={opened}
        onClose={close}
        submit="Delete the zone"
        danger
        action={remove}
        onSubmit={() => remove.mutate()}
      >
        <Text size="sm">
          Its countries then belong to “everywhere else”, or nothing is sent there. Open carts must choose
          anew.
        </Text>
      </ActionModal>
    </>
  );
}

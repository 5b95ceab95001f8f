import { Button, Grid, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { changes, DocumentForm, useDocumentForm } from '../../components/documentForm';
import { HtmlField } from '../../components/HtmlField';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { mapOf, type Pair, PairsField, pairsOf } from '../../components/PairsField';
import { ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { optionsOf, PRODUCT } from '../../format/states';
import { CollectionProducts } from './CollectionProducts';
import { COLLECTIONS, type Collection, collectionQuery } from './queries';

/** One collection, and the products in it. */
export function CollectionScreen() {
  const { id } = useParams({ from: '/shell/collections/$id' });
  const query = useQuery(collectionQuery(id));
  return (
    <Loaded query={query}>{(collection) => <Editor key={collection.id} collection={collection} />}</Loaded>
  );
}

interface Values {
  title: string;
  description_html: string;
  slug: string;
  status: Schemas['ProductStatus'];
  image_url: string;
  metadata: Pair[];
}

const valuesOf = (collection: Collection): Values => ({
  title: collection.title,
  description_html: collection.description_html,
  slug: collection.slug,
  status: collection.status,
  image_url: collection.image_url ?? '',
  metadata: pairsOf(collection.metadata),
});

const bodyOf = ({ image_url, metadata, ...rest }: Values): Schemas['CollectionPatch'] => ({
  ...rest,
  image_url: image_url || null,
  metadata: mapOf(metadata),
});

function Editor({ collection }: { collection: Collection }) {
  const may = useMay()('products:write');
  const client = useQueryClient();
  const of = useDocumentForm<Collection, Values>({
    document: collection,
    toValues: valuesOf,
    validate: ({ title }) => ({ title: title.trim() ? null : 'Give it a title.' }),
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/collections/{id}', {
          params: { path: { id: base.id }, header: ifMatch(base.version) },
          body: changes(bodyOf(values), bodyOf(valuesOf(base))),
        }),
      ),
    read: () => client.fetchQuery({ ...collectionQuery(collection.id), staleTime: 0 }),
    refresh: [COLLECTIONS],
    done: 'The collection is saved.',
    labels: {
      title: 'Title',
      description_html: 'Description',
      slug: 'Address',
      status: 'Status',
      image_url: 'Picture',
      metadata: 'Metadata',
    },
  });
  const { form } = of;
  return (
    <Page
      title={collection.title}
      back={<ScreenLink to="/collections">← Collections</ScreenLink>}
      beside={<State of={PRODUCT} value={collection.status} />}
      below={
        <>
          Changed <Time at={collection.updated_at} />
        </>
      }
      actions={may && <DeleteCollection collection={collection} />}
    >
      <DocumentForm of={of} may={may}>
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Panel title="About it">
              <Stack gap="sm">
                <TextInput label="Title" required {...form.getInputProps('title')} />
                <HtmlField label="Description" {...form.getInputProps('description_html')} />
              </Stack>
            </Panel>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="md">
              <Panel title="Visibility">
                <Stack gap="sm">
                  <Select label="Status" data={optionsOf(PRODUCT)} {...form.getInputProps('status')} />
                  <TextInput
                    label="Address"
                    description="The old one goes on leading here."
                    {...form.getInputProps('slug')}
                  />
                  <TextInput
                    label="Picture"
                    type="url"
                    placeholder="https://…"
                    {...form.getInputProps('image_url')}
                  />
                </Stack>
              </Panel>
              <Panel title="Metadata">
                <PairsField label="Metadata" {...form.getInputProps('metadata')} />
              </Panel>
            </Stack>
          </Grid.Col>
        </Grid>
      </DocumentForm>
      <CollectionProducts collection={collection} />
    </Page>
  );
}

function DeleteCollection({ collection: { id, title, version } }: { collection: Collection }) {
  const [opened, { open, close }] = useDisclosure(false);
  const navigate = useNavigate();
  const remove = useAction({
    run: () =>
      answer(
        api.DELETE('/v1/admin/collections/{id}', { params: { path: { id }, header: ifMatch(version) } }),
      ),
    refresh: [
      [...COLLECTIONS, 'list'],
      [...COLLECTIONS, 'choices'],
    ],
    done: `${title} is deleted.`,
    onDone: () => navigate({ to: '/collections', ignoreBlocker: true }),
  });
  return (
    <>
      <Button variant="default" onClick={open}>
        Delete
      </Button>
      <ActionModal
        title={`Delete ${title}?`}
        opened={opened}
        onClose={close}
        submit="Delete the collection"
        danger
        action={remove}
        onSubmit={() => remove.mutate()}
      >
        <Text size="sm">
          Its products stay, but are no longer grouped by it, and discounts on it no longer reach them. This
          cannot be undone.
        </Text>
      </ActionModal>
    </>
  );
}

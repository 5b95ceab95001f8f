import { Button, Group, Menu, Select, Text } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api, ifMatch } from '../../api/client';
import { collectionChoices } from '../../api/shop';
import { BulkModal } from '../../components/BulkModal';
import { ButtonLink } from '../../components/ButtonLink';
import { counted } from '../../format/words';
import { PRODUCTS, type Product } from './queries';

interface Props {
  products: Product[];
  onDone: () => void;
}

type Deed = Product['status'] | 'put' | 'take';

/** What can be done to all products that are ticked; nothing while none is. */
export function BulkProducts({ products, onDone }: Props) {
  // The products of the dialog stay, even if the list behind it loses them.
  const [dialog, setDialog] = useState<{ deed: Deed; products: Product[] } | null>(null);
  if (products.length === 0 && !dialog) return null;
  const ask = (deed: Deed) => setDialog({ deed, products });
  const close = (done: boolean) => {
    setDialog(null);
    if (done) onDone();
  };
  return (
    <Group
      px="md"
      py={8}
      gap="xs"
      bg="var(--mantine-primary-color-light)"
      role="toolbar"
      aria-label="Selected products"
    >
      <Text size="sm" fw={550}>
        {counted(products.length, 'product')} selected
      </Text>
      <ButtonLink
        to="/products/edit"
        search={{ ids: products.map(({ id }) => id).join(',') }}
        size="xs"
        variant="default"
      >
        Edit prices and stock
      </ButtonLink>
      {(['active', 'draft', 'archived'] as const).map((status) => (
        <Button
          key={status}
          size="xs"
          variant="default"
          disabled={products.every((product) => product.status === status)}
          onClick={() => ask(status)}
        >
          {BECOMES[status].button}
        </Button>
      ))}
      <Menu>
        <Menu.Target>
          <Button size="xs" variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
            Collections
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => ask('put')}>Add to a collection…</Menu.Item>
          <Menu.Item
            disabled={products.every(({ collections }) => collections.length === 0)}
            onClick={() => ask('take')}
          >
            Take out of a collection…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog && <Dialog {...dialog} onClose={close} />}
    </Group>
  );
}

interface DialogProps {
  products: Product[];
  onClose: (done: boolean) => void;
}

function Dialog({ deed, ...rest }: DialogProps & { deed: Deed }) {
  if (deed === 'put') return <PutAll {...rest} />;
  if (deed === 'take') return <TakeAll {...rest} />;
  return <SetStatus status={deed} {...rest} />;
}

const common = { nameOf: ({ title }: Product) => title, refresh: [PRODUCTS, ['collections']] };

/** How each status is asked for. */
const BECOMES: Record<Product['status'], { button: string; title: string; follows: string }> = {
  active: {
    button: 'Activate',
    title: 'Activate',
    follows: 'Shoppers find them and can buy what is in stock.',
  },
  draft: {
    button: 'Set to draft',
    title: 'Set to draft:',
    follows: 'Shoppers no longer find them, and carts that hold them cannot be paid.',
  },
  archived: {
    button: 'Archive',
    title: 'Archive',
    follows:
      'Shoppers no longer find them, and carts that hold them cannot be paid. Orders, stock and prices stay.',
  },
};

function SetStatus({ status, products, onClose }: DialogProps & { status: Product['status'] }) {
  const { button, title, follows } = BECOMES[status];
  const items = products.filter((product) => product.status !== status);
  const already = products.length - items.length;
  const set = ({ id, version }: Product) =>
    answer(
      api.PATCH('/v1/admin/products/{id}', {
        params: { path: { id }, header: ifMatch(version) },
        body: { status },
      }),
    );
  return (
    <BulkModal
      {...common}
      title={`${title} ${counted(items.length, 'product')}?`}
      items={items}
      run={set}
      submit={button}
      danger={status === 'archived'}
      onClose={onClose}
    >
      <Text size="sm">
        {follows}
        {already > 0 && ` ${counted(already, 'product is', 'products are')} so already.`}
      </Text>
    </BulkModal>
  );
}

function PutAll({ products, onClose }: DialogProps) {
  const [id, setId] = useState<string | null>(null);
  const collections = useQuery(collectionChoices).data ?? [];
  const put = (product: Product) =>
    answer(
      api.PUT('/v1/admin/collections/{id}/products/{product_id}', {
        params: { path: { id: id ?? '', product_id: product.id } },
      }),
    );
  return (
    <BulkModal
      {...common}
      title={`Add ${counted(products.length, 'product')} to a collection`}
      items={products}
      run={put}
      submit="Add them"
      disabled={!id}
      onClose={onClose}
    >
      <Select
        label="Collection"
        placeholder="Choose one"
        searchable
        data-autofocus
        data={collections.map(({ id: value, title }) => ({ value, label: title }))}
        value={id}
        onChange={setId}
      />
      <Text size="sm" c="dimmed">
        What is in it already stays where it is.
      </Text>
    </BulkModal>
  );
}

function TakeAll({ products, onClose }: DialogProps) {
  const [id, setId] = useState<string | null>(null);
  const there = new Map(
    products.flatMap(({ collections }) => collections.map((collection) => [collection.id, collection.title])),
  );
  const take = (product: Product) =>
    answer(
      api.DELETE('/v1/admin/collections/{id}/products/{product_id}', {
        params: { path: { id: id ?? '', product_id: product.id } },
      }),
    );
  return (
    <BulkModal
      {...common}
      title={`Take ${counted(products.length, 'product')} out of a collection`}
      items={products}
      run={take}
      submit="Take them out"
      disabled={!id}
      onClose={onClose}
    >
      <Select
        label="Collection"
        placeholder="Choose one"
        data-autofocus
        data={[...there].map(([value, label]) => ({ value, label }))}
        value={id}
        onChange={setId}
      />
    </BulkModal>
  );
}

import { ActionIcon, Box, Combobox, Loader, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { productChoices } from '../../api/shop';
import { tellProblem, useAction } from '../../components/actions';
import { type Column, DataTable } from '../../components/DataTable';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { State } from '../../components/Told';
import classes from '../../components/table.module.css';
import { PRODUCT } from '../../format/states';
import { COLLECTIONS, type Collection } from './queries';

type Product = Schemas['Product'];

/** The products in it: found and put in, or taken out. */
export function CollectionProducts({ collection: { id, status } }: { collection: Collection }) {
  const may = useMay()('products:write');
  const list = usePages<Product>(['products', 'collection', id], (cursor) =>
    answer(
      api.GET('/v1/admin/products', {
        params: { query: { collection: id, sort: 'title', cursor, limit: 50 } },
      }),
    ),
  );
  const refresh = [['products'], COLLECTIONS];
  const put = useAction({
    run: ({ id: product_id }: Product) =>
      answer(
        api.PUT('/v1/admin/collections/{id}/products/{product_id}', { params: { path: { id, product_id } } }),
      ),
    refresh,
    done: 'The product is in the collection.',
  });
  const take = useAction({
    run: ({ id: product_id }: Product) =>
      answer(
        api.DELETE('/v1/admin/collections/{id}/products/{product_id}', {
          params: { path: { id, product_id } },
        }),
      ),
    refresh,
    done: 'The product is taken out.',
  });
  const columns: Column<Product>[] = [
    {
      key: 'title',
      label: 'Product',
      cell: ({ id: product, title }) => (
        <RowLink to="/products/$id" params={{ id: product }}>
          {title}
        </RowLink>
      ),
    },
    { key: 'status', label: 'Status', cell: ({ status }) => <State of={PRODUCT} value={status} /> },
    { key: 'vendor', label: 'Vendor', from: 'sm', cell: ({ vendor }) => vendor ?? '–' },
    {
      key: 'out',
      label: 'Take out',
      align: 'right',
      cell: (product) =>
        may && (
          <ActionIcon
            className={classes.above}
            variant="subtle"
            color="gray"
            aria-label={`Take ${product.title} out of the collection`}
            onClick={() => take.mutate(product, { onError: tellProblem })}
          >
            <IconX size={16} />
          </ActionIcon>
        ),
    },
  ];
  const there = new Set(list.rows?.map((product) => product.id));
  return (
    <ListCard
      list={list}
      empty={<NoProducts listed={status === 'active'} />}
      above={
        may && (
          <Box px="md" py="sm">
            <ProductSearch
              there={there}
              onChoose={(product) => put.mutate(product, { onError: tellProblem })}
            />
          </Box>
        )
      }
    >
      {(rows) => <DataTable label="Products in the collection" rows={rows} columns={columns} />}
    </ListCard>
  );
}

/** The API lists the products of active collections only. */
function NoProducts({ listed }: { listed: boolean }) {
  if (listed) return <Empty title="No products in it yet">Search for one above to put it in.</Empty>;
  return (
    <Empty title="Its products are listed once it is active">
      What is put in meanwhile is kept, and is shown on the page of each product.
    </Empty>
  );
}

function ProductSearch({
  there,
  onChoose,
}: {
  there: ReadonlySet<string>;
  onChoose: (product: Product) => void;
}) {
  const combobox = useCombobox();
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 250);
  const found = useQuery(productChoices(q));
  const offered = (found.data ?? []).filter(({ id }) => !there.has(id));
  const choose = (id: string) => {
    const product = offered.find((candidate) => candidate.id === id);
    if (product) onChoose(product);
    setText('');
    combobox.closeDropdown();
  };
  return (
    <Combobox store={combobox} onOptionSubmit={choose} shadow="md">
      <Combobox.Target>
        <TextInput
          aria-label="Put a product into the collection"
          placeholder="Put a product into the collection"
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={found.isFetching && <Loader size={16} role="status" aria-label="Searching" />}
          value={text}
          onFocus={() => combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
          onChange={({ currentTarget }) => {
            setText(currentTarget.value);
            combobox.openDropdown();
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options mah={280} style={{ overflowY: 'auto' }} aria-label="Products">
          {offered.map(({ id, title }) => (
            <Combobox.Option key={id} value={id}>
              {title}
            </Combobox.Option>
          ))}
          {offered.length === 0 && <Combobox.Empty>No other product matches</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

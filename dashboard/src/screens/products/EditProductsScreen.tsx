import { Card, Group, Select, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMay } from '../../api/session';
import { storeQuery } from '../../api/shop';
import { tellProblem, useUnsaved } from '../../components/actions';
import { SaveBar } from '../../components/documentForm';
import { Loaded, Waiting } from '../../components/Loaded';
import { Empty, Page } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import classes from '../../components/table.module.css';
import { counted } from '../../format/words';
import { EditTable } from './EditTable';
import { type Product, productQuery } from './queries';
import { useQuickEdit } from './quickEdit';

/** As many as a page of the list has. */
const MOST = 50;

/** SKU, price and stock of the variants of several products in one table. */
export function EditProductsScreen() {
  const { ids = '' } = useSearch({ from: '/shell/products/edit' });
  const wanted = [...new Set(ids.split(',').filter(Boolean))].slice(0, MOST);
  const queries = useQueries({ queries: wanted.map(productQuery) });
  const failed = queries.find(({ error }) => error);
  const products = queries.flatMap(({ data }) => data ?? []);
  return (
    <Page title="Edit prices and stock" back={<ScreenLink to="/products">← Products</ScreenLink>}>
      {wanted.length === 0 && (
        <Empty title="No product is chosen">Tick some in the list of products first.</Empty>
      )}
      {failed && <ProblemAlert error={failed.error} onRetry={() => failed.refetch()} />}
      {!failed && products.length < wanted.length && <Waiting rows={8} />}
      {!failed && wanted.length > 0 && products.length === wanted.length && (
        <Editor key={ids} loaded={products} />
      )}
    </Page>
  );
}

function Editor({ loaded }: { loaded: Product[] }) {
  const store = useQuery(storeQuery);
  const { currency } = useSearch({ from: '/shell/products/edit' });
  const navigate = useNavigate({ from: '/products/edit' });
  const may = useMay();
  const edit = useQuickEdit(loaded);
  const { drafts, saving, valid, save, discard } = edit;
  const rows = Object.keys(drafts).length;
  useUnsaved(rows > 0);
  const submit = async () => {
    try {
      const failed = await save();
      if (failed > 0) return;
      notifications.show({ message: `${counted(rows, 'variant')} saved.`, color: 'green' });
    } catch (error) {
      tellProblem(error);
    }
  };
  return (
    <Loaded query={store}>
      {({ currencies, default_currency }) => (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (valid) submit();
          }}
        >
          <Stack gap="md">
            <Card withBorder padding={0} className={classes.panel}>
              <Group px="md" py="sm">
                <Select
                  label="Currency of the prices"
                  data={currencies.map(({ code }) => code)}
                  value={currency ?? default_currency}
                  onChange={(code) =>
                    navigate({
                      search: (before) => ({ ...before, currency: code ?? undefined }),
                      replace: true,
                      ignoreBlocker: true,
                    })
                  }
                />
              </Group>
              <EditTable
                edit={edit}
                currency={currency ?? default_currency}
                mayPrice={may('products:write')}
                mayStock={may('inventory:write')}
              />
            </Card>
            {rows > 0 && (
              <SaveBar saving={saving} onDiscard={discard} submit={`Save ${counted(rows, 'variant')}`} />
            )}
          </Stack>
        </form>
      )}
    </Loaded>
  );
}

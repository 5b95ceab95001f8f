import { NumberInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { type InventorySettings, inventoryQuery, SETTINGS } from './queries';

interface Values {
  default_low_stock_threshold: number | '';
}

const valuesOf = ({ default_low_stock_threshold }: InventorySettings): Values => ({
  default_low_stock_threshold,
});

/** What counts as low where a variant says nothing. */
export function InventorySettingsScreen() {
  const query = useQuery(inventoryQuery);
  return (
    <Page title="Inventory">
      <Loaded query={query}>{(document) => <Editor document={document} />}</Loaded>
    </Page>
  );
}

function Editor({ document }: { document: InventorySettings }) {
  const may = useMay()('settings:write');
  const client = useQueryClient();
  const of = useDocumentForm<InventorySettings, Values>({
    document,
    toValues: valuesOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/inventory-settings', {
          params: { header: ifMatch(base.version) },
          body: { default_low_stock_threshold: Number(values.default_low_stock_threshold) },
        }),
      ),
    read: () => client.fetchQuery({ ...inventoryQuery, staleTime: 0 }),
    refresh: [SETTINGS, ['products']],
    done: 'The inventory settings are saved.',
    labels: { default_low_stock_threshold: 'Counts as low at' },
  });
  return (
    <DocumentForm of={of} may={may}>
      <Panel title="Low stock">
        <NumberInput
          label="Counts as low at"
          description="Units on hand, for variants that have no threshold of their own. 0 is never."
          maw={420}
          min={0}
          allowDecimal={false}
          {...of.form.getInputProps('default_low_stock_threshold')}
        />
      </Panel>
    </DocumentForm>
  );
}

import { Alert, NumberInput, SegmentedControl, Select, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { answer, api, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { STOCK_REASON } from '../../format/states';
import { counted } from '../../format/words';
import { PRODUCTS, type Product, type Variant } from './queries';

interface Values {
  delta: number | '';
  reason: Schemas['Reason'];
  note: string;
}

/** What a person may say about a change of stock; goods come by some, and go by others. */
const REASONS = ['received', 'returned', 'correction', 'damaged', 'lost'] as const;

/** Books units in or out, or what was counted, with why. */
export function AdjustStock({
  product,
  variant,
  onClose,
}: {
  product: Product;
  variant: Variant;
  onClose: () => void;
}) {
  const once = useOnce();
  const [by, setBy] = useState<'change' | 'count'>('change');
  const form = useForm<Values>({ initialValues: { delta: '', reason: 'received', note: '' } });
  const onHand = variant.inventory?.on_hand ?? 0;
  const reserved = variant.inventory?.reserved ?? 0;
  const typed = Number(form.values.delta);
  const delta = by === 'change' ? typed : form.values.delta === '' ? 0 : typed - onHand;
  const adjust = useAction({
    run: ({ reason, note }: Values) => {
      const body = { delta, reason, note: note || null };
      return once(body, (header) =>
        answer(
          api.POST('/v1/admin/variants/{id}/stock-adjustments', {
            params: { path: { id: variant.id }, header },
            body,
          }),
        ),
      );
    },
    form,
    refresh: [PRODUCTS],
    done: ({ inventory, held_orders }) =>
      `${counted(inventory.on_hand, 'unit')} on hand.${
        held_orders.length > 0 ? ` ${counted(held_orders.length, 'unpaid order')} will have to wait.` : ''
      }`,
    onDone: onClose,
  });
  const after = onHand + delta;
  return (
    <ActionModal
      title={`Adjust stock of ${variant.sku}`}
      opened
      onClose={onClose}
      submit={delta === 0 ? 'Adjust' : `Book ${delta > 0 ? '+' : '−'}${Math.abs(delta).toLocaleString()}`}
      disabled={delta === 0}
      action={adjust}
      fields={Object.keys(form.values)}
      onSubmit={() => adjust.mutate(form.values)}
    >
      <Text size="sm" c="dimmed">
        {product.title}
        {product.variants.length > 1 && `, ${variant.title}`}
      </Text>
      <SegmentedControl
        aria-label="What is entered"
        data={[
          { value: 'change', label: 'Units in or out' },
          { value: 'count', label: 'Counted' },
        ]}
        value={by}
        onChange={(to) => {
          setBy(to as typeof by);
          form.setValues({ delta: '', reason: to === 'count' ? 'correction' : 'received' });
        }}
      />
      <NumberInput
        label={by === 'change' ? 'Units, less than 0 when they went' : 'Units that are there'}
        data-autofocus
        allowDecimal={false}
        min={by === 'count' ? 0 : undefined}
        {...form.getInputProps('delta')}
      />
      <Select
        label="Reason"
        data={REASONS.map((reason) => ({ value: reason, label: STOCK_REASON[reason].label }))}
        {...form.getInputProps('reason')}
      />
      <Textarea label="Note" autosize minRows={2} {...form.getInputProps('note')} />
      <Text size="sm" role="status">
        On hand: {onHand.toLocaleString()} → <b>{after.toLocaleString()}</b>
      </Text>
      {after < reserved && (
        <Alert color="orange" title="Fewer than are promised">
          {counted(reserved, 'unit is', 'units are')} reserved for orders. Somebody will have to wait.
        </Alert>
      )}
    </ActionModal>
  );
}

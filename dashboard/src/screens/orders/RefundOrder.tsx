import { Alert, Checkbox, SegmentedControl, Select, Stack, Textarea } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { MoneyInput, noAmount } from '../../components/MoneyInput';
import { ProblemAlert } from '../../components/ProblemAlert';
import { minorUnits, money } from '../../format/money';
import { optionsOf, REFUND_REASON } from '../../format/states';
import { nameOf, ORDERS, type Order } from './queries';
import { RefundLines } from './RefundLines';
import { RefundSums } from './RefundSums';
import { emptyRefund, type RefundValues, refundable, refundOf } from './refund';

interface Props {
  order: Order;
  onClose: () => void;
}

/** Gives money back, by line or by amount, after showing what that comes to. */
export function RefundOrder({ order, onClose }: Props) {
  const once = useOnce();
  const form = useForm<RefundValues>({
    initialValues: emptyRefund(order),
    validate: {
      amount: (text, { by }) =>
        by === 'amount' && !minorUnits(text, order.currency) ? noAmount(order.currency) : null,
      shipping: (text) =>
        text && minorUnits(text, order.currency) === null ? noAmount(order.currency) : null,
    },
  });
  const body = refundOf(form.values, order);
  const preview = usePreview(order, body);
  const refund = useAction({
    run: (body: Schemas['NewRefund']) =>
      once(body, (key) =>
        answer(
          api.POST('/v1/admin/orders/{id}/refunds', {
            params: { path: { id: order.id }, header: { ...key, ...ifMatch(order.version) } },
            body,
          }),
        ),
      ),
    form,
    refresh: [ORDERS],
    done: ({ amount }) => `${money(amount)} is on its way back to the customer.`,
    onDone: onClose,
  });
  const submit = form.onSubmit(() => {
    if (body) refund.mutate(body);
  });
  return (
    <ActionModal
      title={`Refund ${nameOf(order)}`}
      size="lg"
      opened
      onClose={onClose}
      submit={body && preview.data ? `Refund ${money(preview.data.amount)}` : 'Refund'}
      danger
      disabled={!body || !preview.data || Boolean(preview.error)}
      action={refund}
      fields={Object.keys(form.values)}
      onSubmit={submit}
    >
      {order.dispute_status === 'open' && <Disputed form={form} />}
      {refundable(order).length > 0 && (
        <SegmentedControl
          aria-label="What is given back"
          data={[
            { value: 'lines', label: 'Items and shipping' },
            { value: 'amount', label: 'An amount' },
          ]}
          {...form.getInputProps('by')}
        />
      )}
      {form.values.by === 'lines' ? (
        <RefundLines order={order} form={form} />
      ) : (
        <MoneyInput
          label="Amount"
          description={`At most ${money(order.remaining_refundable)}`}
          currency={order.currency}
          {...form.getInputProps('amount')}
        />
      )}
      <Select label="Reason" data={optionsOf(REFUND_REASON)} {...form.getInputProps('reason')} />
      <Textarea
        label="Note for the shop"
        description="Customers do not see it."
        autosize
        minRows={2}
        {...form.getInputProps('note')}
      />
      {body && <ProblemAlert error={preview.error} />}
      {body && preview.data && !preview.error && <RefundSums preview={preview.data} />}
    </ActionModal>
  );
}

/** What the refund would come to, as the API reckons it; asked once typing pauses. */
function usePreview(order: Order, body: Schemas['NewRefund'] | null) {
  const [asked] = useDebouncedValue(JSON.stringify(body), 250);
  return useQuery({
    queryKey: [...ORDERS, 'refund-preview', order.id, order.version, asked],
    enabled: asked !== 'null',
    placeholderData: keepPreviousData,
    queryFn: () =>
      answer(
        api.POST('/v1/admin/orders/{id}/refunds/preview', {
          params: { path: { id: order.id } },
          body: JSON.parse(asked) as Schemas['NewRefund'],
        }),
      ),
  });
}

function Disputed({ form }: { form: UseFormReturnType<RefundValues> }) {
  return (
    <Alert color="orange" title="The payment is disputed">
      <Stack gap="xs">
        A refund now may give the money back twice.
        <Checkbox label="Refund all the same" {...form.getInputProps('force', { type: 'checkbox' })} />
      </Stack>
    </Alert>
  );
}

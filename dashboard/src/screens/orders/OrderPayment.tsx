import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { answer, api, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { useAction } from '../../components/actions';
import { Fact, Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { Amount, State, Time } from '../../components/Told';
import { DISPUTE, PAYMENT, REFUND, REFUND_REASON } from '../../format/states';
import { words } from '../../format/words';
import { ORDERS, type Order } from './queries';

/** What was paid, given back, and is disputed. */
export function OrderPayment({ order }: { order: Order }) {
  return (
    <Panel title="Payment">
      <Stack gap="sm">
        <Stack gap={6} component="dl" m={0}>
          <Fact name="State">
            <State of={PAYMENT} value={order.payment_status} />
          </Fact>
          <Fact name="Paid">
            <Time at={order.paid_at} />
          </Fact>
          {order.refunded.amount > 0 && (
            <Fact name="Refunded">
              <Amount value={order.refunded} />
            </Fact>
          )}
          <Fact name="Can be refunded">
            <Amount value={order.remaining_refundable} />
          </Fact>
        </Stack>
        {order.payment_review && <Review order={order} />}
        {(order.disputes ?? []).map((dispute) => (
          <DisputeAlert key={dispute.id} dispute={dispute} status={order.dispute_status} />
        ))}
        {order.refunds.map((refund) => (
          <RefundLine key={refund.id} refund={refund} />
        ))}
      </Stack>
    </Panel>
  );
}

function RefundLine({ refund }: { refund: Order['refunds'][number] }) {
  return (
    <Stack gap={2}>
      <Group justify="space-between" wrap="nowrap" fz="sm">
        <Group gap="xs">
          <State of={REFUND} value={refund.status} />
          <Text size="xs" c="dimmed">
            <Time at={refund.created_at} />
          </Text>
        </Group>
        <Amount value={refund.amount} />
      </Group>
      <Text size="xs" c="dimmed">
        {[REFUND_REASON[refund.reason].label, refund.note].filter(Boolean).join(': ')}
      </Text>
      {refund.failure_reason && (
        <Text size="xs" c="var(--bad)">
          {words(refund.failure_reason)}
        </Text>
      )}
    </Stack>
  );
}

interface DisputeProps {
  dispute: Schemas['Dispute'];
  status: Order['dispute_status'];
}

function DisputeAlert({ dispute, status }: DisputeProps) {
  const { label, color } = DISPUTE[status];
  return (
    <Alert color={color} title={`${label}: ${words(dispute.reason)}`}>
      <Text size="sm">
        <Amount value={dispute.amount} /> is disputed
        {dispute.withdrawn.amount > 0 && (
          <>
            , <Amount value={dispute.withdrawn} /> was taken
          </>
        )}
        . {words(dispute.status)}.
      </Text>
      {dispute.evidence_due_at && (
        <Text size="sm">
          Answer it in Stripe until <Time at={dispute.evidence_due_at} fw={600} />.
        </Text>
      )}
    </Alert>
  );
}

/** Another amount than the order's was paid: staff decide what becomes of it. */
function Review({ order }: { order: Order }) {
  const may = useMay();
  const decide = useAction({
    run: (decision: Schemas['Decision']) =>
      answer(
        api.POST('/v1/admin/orders/{id}/payment-review', {
          params: { path: { id: order.id } },
          body: { decision },
        }),
      ),
    refresh: [ORDERS],
    done: 'Your decision is carried out.',
  });
  return (
    <Alert color="orange" title="Another amount was paid than the order costs">
      <Stack gap="xs">
        {order.review_amount && order.totals.total && (
          <Text size="sm">
            <Amount value={order.review_amount} /> was paid instead of <Amount value={order.totals.total} />.
          </Text>
        )}
        {may('orders:write') && (
          <Group gap="xs">
            <Button size="xs" loading={decide.isPending} onClick={() => decide.mutate('accept')}>
              Accept as paid
            </Button>
            <Button
              size="xs"
              variant="default"
              loading={decide.isPending}
              onClick={() => decide.mutate('refund')}
            >
              Refund and cancel
            </Button>
          </Group>
        )}
        <ProblemAlert error={decide.error} />
      </Stack>
    </Alert>
  );
}

import { Anchor, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { words } from '../../format/words';
import { ORDERS, type Order } from './queries';
import { Record, Records } from './records';

/** An order's invoice with what corrects it; one that is missing can be issued. */
export function OrderInvoices({ order }: { order: Order }) {
  const may = useMay();
  const invoices = useQuery({
    queryKey: [...ORDERS, 'invoices', order.id, order.version],
    queryFn: () =>
      answer(api.GET('/v1/admin/invoices', { params: { query: { order_id: order.id, limit: 50 } } })),
  });
  const issue = useAction({
    run: () => answer(api.POST('/v1/admin/orders/{id}/invoice', { params: { path: { id: order.id } } })),
    refresh: [[...ORDERS, 'invoices']],
    done: ({ number }) => `Invoice ${number} is issued.`,
  });
  const missing = invoices.data?.data.length === 0 && order.paid_at && may('orders:write');
  return (
    <Panel
      title="Invoices"
      action={
        missing && (
          <Button
            size="xs"
            variant="default"
            loading={issue.isPending}
            onClick={() => issue.mutate(undefined, { onError: tellProblem })}
          >
            Issue
          </Button>
        )
      }
    >
      <Loaded query={invoices} rows={1}>
        {({ data }) => (
          <Records none="None was issued.">
            {data.map(({ id, number, kind, issued_at }) => (
              <Record key={id} title={`${words(kind)} ${number}`} at={issued_at}>
                <Anchor
                  size="sm"
                  href={`/v1/admin/invoices/${id}?format=pdf`}
                  target="_blank"
                  rel="noreferrer"
                >
                  PDF
                </Anchor>
              </Record>
            ))}
          </Records>
        )}
      </Loaded>
    </Panel>
  );
}

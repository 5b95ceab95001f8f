import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { State } from '../../components/Told';
import { DELIVERY, INBOX_EVENT } from '../../format/states';
import { ORDERS, type Order } from './queries';
import { Record, Records } from './records';

const query = (order_id: string) => ({ params: { query: { order_id, limit: 50 } } });

/** What providers told us about an order. */
export function OrderReceived({ order }: { order: Order }) {
  const events = useQuery({
    queryKey: [...ORDERS, 'received', order.id, order.version],
    queryFn: () => answer(api.GET('/v1/admin/inbox/events', query(order.id))),
  });
  return (
    <Panel title="Webhooks received">
      <Loaded query={events} rows={2}>
        {({ data }) => (
          <Records none="Nothing was heard of it yet.">
            {data.map(({ id, type, status, received_at, last_error }) => (
              <Record
                key={id}
                title={
                  <ScreenLink to="/webhooks-in/events/$id" params={{ id }} inherit>
                    {type}
                  </ScreenLink>
                }
                at={received_at}
                problem={status === 'dead' ? last_error : null}
              >
                <State of={INBOX_EVENT} value={status} />
              </Record>
            ))}
          </Records>
        )}
      </Loaded>
    </Panel>
  );
}

/** The events that other systems were told about an order. */
export function OrderDeliveries({ order }: { order: Order }) {
  const deliveries = useQuery({
    queryKey: [...ORDERS, 'deliveries', order.id, order.version],
    queryFn: () => answer(api.GET('/v1/admin/webhook-deliveries', query(order.id))),
  });
  return (
    <Panel title="Webhooks sent">
      <Loaded query={deliveries} rows={2}>
        {({ data }) => (
          <Records none="No endpoint wanted to know of it.">
            {data.map(({ id, event_type, status, created_at, last_error }) => (
              <Record
                key={id}
                title={
                  <ScreenLink to="/webhooks-out/deliveries/$id" params={{ id }} inherit>
                    {event_type}
                  </ScreenLink>
                }
                at={created_at}
                problem={status === 'dead' ? last_error : null}
              >
                <State of={DELIVERY} value={status} />
              </Record>
            ))}
          </Records>
        )}
      </Loaded>
    </Panel>
  );
}

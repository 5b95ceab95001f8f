import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { State } from '../../components/Told';
import { EMAIL } from '../../format/states';
import { words } from '../../format/words';
import { ORDERS, type Order } from './queries';
import { Record, Records } from './records';

/** The e-mails that an order caused, each of which can be sent again. */
export function OrderEmails({ order }: { order: Order }) {
  const may = useMay();
  const emails = useQuery({
    queryKey: [...ORDERS, 'emails', order.id, order.version],
    queryFn: () =>
      answer(api.GET('/v1/admin/emails', { params: { query: { order_id: order.id, limit: 50 } } })),
  });
  const resend = useAction({
    run: (id: string) => answer(api.POST('/v1/admin/emails/{id}/resend', { params: { path: { id } } })),
    refresh: [[...ORDERS, 'emails']],
    done: 'The e-mail goes out again.',
  });
  return (
    <Panel title="E-mails">
      <Loaded query={emails} rows={2}>
        {({ data }) => (
          <Records none="No e-mail went out yet.">
            {data.map(({ id, kind, status, created_at, last_error }) => (
              <Record
                key={id}
                title={
                  <ScreenLink to="/emails/$id" params={{ id }} inherit>
                    {words(kind)}
                  </ScreenLink>
                }
                at={created_at}
                problem={status === 'sent' ? null : last_error}
              >
                <State of={EMAIL} value={status} />
                {may('emails:write') && (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={`Resend the e-mail “${words(kind)}”`}
                    onClick={() => resend.mutate(id, { onError: tellProblem })}
                  >
                    Resend
                  </Button>
                )}
              </Record>
            ))}
          </Records>
        )}
      </Loaded>
    </Panel>
  );
}

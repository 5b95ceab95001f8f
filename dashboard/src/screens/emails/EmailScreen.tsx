import { Alert, Button, Grid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction, useOnce } from '../../components/actions';
import { Facts } from '../../components/Facts';
import { Loaded } from '../../components/Loaded';
import { Fact, Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { EMAIL } from '../../format/states';
import { kindName } from './kinds';
import { Letter } from './Letter';
import { EMAILS, emailQuery } from './queries';

type Shown = Schemas['ShownEmail'];

/** One e-mail: what it says, whether it went out, and sending it again. */
export function EmailScreen() {
  const { id } = useParams({ from: '/shell/emails/$id' });
  const query = useQuery(emailQuery(id));
  return <Loaded query={query}>{(email) => <Details email={email} />}</Loaded>;
}

function Details({ email }: { email: Shown }) {
  const { kind, recipient, status, last_error } = email;
  return (
    <Page
      title={kindName(kind)}
      back={<ScreenLink to="/emails">← E-mails</ScreenLink>}
      beside={<State of={EMAIL} value={status} />}
      below={`To ${recipient}`}
      actions={<Resend email={email} />}
    >
      {last_error && status !== 'sent' && (
        <Alert color={status === 'failed' ? 'red' : 'yellow'} title="The mail server refused it">
          {last_error}
        </Alert>
      )}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Letter content={email.content} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <About email={email} />
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Resend({ email: { id, recipient } }: { email: Shown }) {
  const may = useMay();
  const once = useOnce();
  const navigate = useNavigate();
  const resend = useAction({
    run: () =>
      once({ resend: id }, (header) =>
        answer(api.POST('/v1/admin/emails/{id}/resend', { params: { path: { id }, header } })),
      ),
    refresh: [EMAILS],
    done: (again) => (again.id === id ? 'It is on its way already.' : `It goes out again to ${recipient}.`),
    onDone: (again) => navigate({ to: '/emails/$id', params: { id: again.id } }),
  });
  if (!may('emails:write')) return null;
  return (
    <Button loading={resend.isPending} onClick={() => resend.mutate(undefined, { onError: tellProblem })}>
      Send again
    </Button>
  );
}

function About({ email }: { email: Shown }) {
  const { order_id, locale, attempts, created_at, sent_at, resend_of } = email;
  return (
    <Panel title="About">
      <Facts>
        <Fact name="Caused">
          <Time at={created_at} />
        </Fact>
        <Fact name="Sent">
          <Time at={sent_at} />
        </Fact>
        <Fact name="Tries">{attempts}</Fact>
        <Fact name="Language">{locale ?? "The shop's own"}</Fact>
        {order_id && (
          <Fact name="About">
            <ScreenLink to="/orders/$id" params={{ id: order_id }} size="sm">
              The order
            </ScreenLink>
          </Fact>
        )}
        {resend_of && (
          <Fact name="Again of">
            <ScreenLink to="/emails/$id" params={{ id: resend_of }} size="sm">
              The former e-mail
            </ScreenLink>
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}

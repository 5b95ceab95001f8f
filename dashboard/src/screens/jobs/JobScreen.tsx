import { Alert, Button, Code, Grid, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { Facts } from '../../components/Facts';
import { Loaded } from '../../components/Loaded';
import { Fact, Page, Panel } from '../../components/Page';
import { ReasonModal } from '../../components/ReasonModal';
import { ScreenLink } from '../../components/RowLink';
import { SubjectLink } from '../../components/SubjectLink';
import { State, Time } from '../../components/Told';
import { JOB } from '../../format/states';
import { words } from '../../format/words';
import { discardJob, JOBS, type Job, jobQuery, retryJob } from './queries';

/** One background job: where it stands, why, and what can be done about it. */
export function JobScreen() {
  const { id } = useParams({ from: '/shell/jobs/$id' });
  const query = useQuery(jobQuery(id));
  return <Loaded query={query}>{(job) => <Details job={job} />}</Loaded>;
}

function Details({ job }: { job: Job }) {
  const { id, kind, status, last_error } = job;
  return (
    <Page
      title={words(kind)}
      back={<ScreenLink to="/jobs">← Jobs</ScreenLink>}
      beside={<State of={JOB} value={status} />}
      below={id}
      actions={<Actions job={job} />}
    >
      {last_error && status !== 'done' && (
        <Alert color={status === 'dead' ? 'red' : 'yellow'} title="The newest try failed">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {last_error}
          </Text>
        </Alert>
      )}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <WhereItStands job={job} />
        </Grid.Col>
        {job.discard_reason && (
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Panel title="Discarded">
              <Facts>
                <Fact name="Reason">{job.discard_reason}</Fact>
                {job.discarded_by && (
                  <Fact name="By">
                    <Code>{job.discarded_by}</Code>
                  </Fact>
                )}
              </Facts>
            </Panel>
          </Grid.Col>
        )}
      </Grid>
    </Page>
  );
}

function WhereItStands({ job }: { job: Job }) {
  const { subject_id, attempts, max_attempts, created_at, run_at, leased_until, finished_at } = job;
  return (
    <Panel title="Where it stands">
      <Facts>
        {subject_id && (
          <Fact name="About">
            <SubjectLink id={subject_id} />
          </Fact>
        )}
        <Fact name="Tries">
          {attempts} of {max_attempts}
        </Fact>
        <Fact name="Written">
          <Time at={created_at} />
        </Fact>
        <Fact name="Due">
          <Time at={run_at} />
        </Fact>
        {leased_until && (
          <Fact name="Held by a worker until">
            <Time at={leased_until} />
          </Fact>
        )}
        {finished_at && (
          <Fact name="Finished">
            <Time at={finished_at} />
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}

function Actions({ job: { id, status } }: { job: Job }) {
  const may = useMay();
  const [discarding, { open, close }] = useDisclosure(false);
  const retry = useAction({ run: () => retryJob(id), refresh: [JOBS], done: 'The job is run now.' });
  if (!may('jobs:write')) return null;
  return (
    <>
      {status === 'dead' && (
        <Button variant="default" onClick={open}>
          Discard
        </Button>
      )}
      {(status === 'dead' || status === 'queued') && (
        <Button loading={retry.isPending} onClick={() => retry.mutate(undefined, { onError: tellProblem })}>
          {status === 'dead' ? 'Retry now' : 'Run now'}
        </Button>
      )}
      {discarding && (
        <ReasonModal
          title="Discard this job?"
          submit="Discard the job"
          run={(reason) => discardJob(id, reason)}
          done="The job is discarded."
          refresh={[JOBS]}
          onClose={close}
        >
          It is never run again, so do by hand what it was about.
        </ReasonModal>
      )}
    </>
  );
}

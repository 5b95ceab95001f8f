import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Job = Schemas['BackgroundJob'];
export type KindOfJobs = Schemas['KindOfJobs'];

/** What all queries about background jobs begin with. */
export const JOBS = ['jobs'];

export const kindsQuery = queryOptions({
  queryKey: [...JOBS, 'kinds'],
  queryFn: () => answer(api.GET('/v1/admin/job-kinds')),
  refetchInterval: 10_000,
});

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: [...JOBS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/jobs/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? 3000 : false),
  });

const isUnderWay = ({ status }: Job) => status === 'queued' || status === 'running';

export const retryJob = (id: string) =>
  answer(api.POST('/v1/admin/jobs/{id}/retry', { params: { path: { id } } }));

export const discardJob = (id: string, reason: string) =>
  answer(api.POST('/v1/admin/jobs/{id}/discard', { params: { path: { id } }, body: { reason } }));

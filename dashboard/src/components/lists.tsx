import { Button, Card, Group, Text } from '@mantine/core';
import { keepPreviousData, type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/client';
import { Waiting } from './Loaded';
import { ProblemAlert } from './ProblemAlert';
import classes from './table.module.css';

interface OnePage<Row> {
  data: Row[];
  page: Schemas['Page'];
  total_count?: Schemas['TotalCount'] | null;
}

/** A list of the API, page by page. `read` takes the page's cursor, which the first has none of. */
export function usePages<Row>(key: QueryKey, read: (cursor: string | undefined) => Promise<OnePage<Row>>) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ page }) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
  const rows = query.data?.pages.flatMap(({ data }) => data);
  return { ...query, rows, total: query.data?.pages[0]?.total_count };
}

interface Props<Row> {
  list: ReturnType<typeof usePages<Row>>;
  /** What is said when there are no rows. */
  empty: ReactNode;
  /** Above the rows: filters. */
  above?: ReactNode;
  children: (rows: Row[]) => ReactNode;
}

/** A list in its frame: awaited, failed, empty, or its rows and a way to more of them. */
export function ListCard<Row>({ list, empty, above, children }: Props<Row>) {
  return (
    <Card withBorder padding={0} className={classes.panel} aria-busy={list.isFetching}>
      {above}
      <ListBody list={list} empty={empty}>
        {children}
      </ListBody>
    </Card>
  );
}

function ListBody<Row>({ list, empty, children }: Props<Row>) {
  const { rows, error } = list;
  if (error) {
    return (
      <Card.Section p="md" m={0}>
        <ProblemAlert error={error} onRetry={() => list.refetch()} />
      </Card.Section>
    );
  }
  if (!rows) return <Waiting rows={10} />;
  if (rows.length === 0) return empty;
  return (
    <>
      {children(rows)}
      <Group justify="space-between" px="md" py="xs">
        <Text size="xs" c="dimmed" role="status">
          {shown(rows.length, list.hasNextPage, list.total)}
        </Text>
        {list.hasNextPage && (
          <Button
            size="xs"
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => list.fetchNextPage()}
          >
            Show more
          </Button>
        )}
      </Group>
    </>
  );
}

function shown(count: number, more: boolean, total: OnePage<unknown>['total_count']): string {
  if (!more) return `${count.toLocaleString()} in all`;
  if (!total) return `${count.toLocaleString()} shown, there are more`;
  const bound = total.relation === 'eq' ? '' : 'more than ';
  return `${count.toLocaleString()} of ${bound}${total.value.toLocaleString()}`;
}

import { Checkbox, type MantineBreakpoint, Table, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconSelector } from '@tabler/icons-react';
import { type ReactNode, useCallback, useState } from 'react';
import { Meaning } from './Meaning';
import classes from './table.module.css';

/** A column; `sort` is the API's name of the order, whose reverse is `-name`. */
export interface Column<Row> {
  key: string;
  label: string;
  cell: (row: Row) => ReactNode;
  sort?: string;
  align?: 'right';
  /** What its figures mean. */
  meaning?: string;
  /** Narrower screens leave it out. */
  from?: MantineBreakpoint;
}

/** The rows that are ticked, by id. */
export interface Selection {
  ids: ReadonlySet<string>;
  set: (ids: ReadonlySet<string>) => void;
}

interface Props<Row> {
  /** What the table holds, for screen readers. */
  label: string;
  rows: Row[];
  columns: Column<Row>[];
  sort?: { by: string; set: (by: string) => void };
  selection?: Selection;
  /** What a row is called beside its tick. */
  nameOf?: (row: Row) => string;
}

/** A dense table. Put a `RowLink` in the first column to make the rows lead somewhere. */
export function DataTable<Row extends { id: string }>({
  label,
  rows,
  columns,
  sort,
  selection,
  nameOf,
}: Props<Row>) {
  const [overflows, setOverflows] = useState(false);
  const watch = useCallback((box: HTMLDivElement) => {
    const observer = new ResizeObserver(() => setOverflows(box.scrollWidth > box.clientWidth));
    for (const part of [box, ...box.children]) observer.observe(part);
    return () => observer.disconnect();
  }, []);
  return (
    // What is wider than the screen is scrolled by keyboard, too.
    <Table.ScrollContainer ref={watch} minWidth={0} type="native" tabIndex={overflows ? 0 : undefined}>
      <Table aria-label={label} highlightOnHover verticalSpacing={9} horizontalSpacing="md" fz="sm">
        <Table.Thead>
          <Table.Tr>
            {selection && <SelectAll rows={rows} selection={selection} />}
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={sort} />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr
              key={row.id}
              className={classes.row}
              bg={selection?.ids.has(row.id) ? 'var(--mantine-primary-color-light)' : undefined}
            >
              {selection && <Select id={row.id} name={nameOf?.(row) ?? row.id} selection={selection} />}
              {columns.map(({ key, cell, align, from }) => (
                <Table.Td key={key} ta={align} visibleFrom={from}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Head<Row>({ column, sort }: { column: Column<Row>; sort: Props<Row>['sort'] }) {
  const { label, align, from, meaning, sort: name } = column;
  if (!sort || !name) {
    return (
      <Table.Th className={classes.head} ta={align} visibleFrom={from}>
        {meaning ? <Explained label={label} meaning={meaning} /> : label}
      </Table.Th>
    );
  }
  const direction = sort.by === name ? 'ascending' : sort.by === `-${name}` ? 'descending' : 'none';
  const Icon = { ascending: IconArrowUp, descending: IconArrowDown, none: IconSelector }[direction];
  return (
    <Table.Th className={classes.head} ta={align} visibleFrom={from} aria-sort={direction}>
      <UnstyledButton
        className={classes.sortable}
        onClick={() => sort.set(direction === 'descending' ? name : `-${name}`)}
      >
        {label}
        <Icon size={14} aria-hidden />
      </UnstyledButton>
    </Table.Th>
  );
}

function Explained({ label, meaning }: { label: string; meaning: string }) {
  return (
    <span className={classes.explained}>
      {label}
      <Meaning of={label}>{meaning}</Meaning>
    </span>
  );
}

function SelectAll({ rows, selection }: { rows: { id: string }[]; selection: Selection }) {
  const all = rows.length > 0 && rows.every(({ id }) => selection.ids.has(id));
  return (
    <Table.Th w={40}>
      <Checkbox
        size="xs"
        aria-label="Select all that are shown"
        checked={all}
        indeterminate={!all && selection.ids.size > 0}
        onChange={() => selection.set(new Set(all ? [] : rows.map(({ id }) => id)))}
      />
    </Table.Th>
  );
}

function Select({ id, name, selection }: { id: string; name: string; selection: Selection }) {
  const toggle = () => {
    const ids = new Set(selection.ids);
    if (!ids.delete(id)) ids.add(id);
    selection.set(ids);
  };
  return (
    <Table.Td className={classes.above} w={40}>
      <Checkbox size="xs" aria-label={`Select ${name}`} checked={selection.ids.has(id)} onChange={toggle} />
    </Table.Td>
  );
}

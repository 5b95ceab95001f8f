import { Group, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { storeQuery } from '../../api/shop';
import {
  BUCKETS,
  type Bucket,
  COMPARISONS,
  type Comparison,
  RANGES,
  type RangeName,
} from '../../components/periods';
import { RangeMenu } from '../../components/RangeMenu';
import type { Asked } from './asked';
import { REPORTS } from './reports';

const CONVERTED = 'converted';

/** What the report is asked by; only what changes it is offered. */
export function Toolbar({ asked: { report, days, query, search, change } }: { asked: Asked }) {
  const { controls } = REPORTS[report];
  if (controls.length === 0) return null;
  return (
    <Group gap="xs" role="group" aria-label="What the report is of">
      <RangeMenu days={days} ranges={Object.keys(RANGES) as RangeName[]} onChange={change} />
      {controls.includes('bucket') && (
        <Select
          w={130}
          aria-label="Cut into"
          data={Object.entries(BUCKETS).map(([value, { label, most }]) => ({
            value,
            label,
            disabled: days.count > most,
          }))}
          value={query.bucket}
          onChange={(bucket) => change({ bucket: bucket as Bucket })}
        />
      )}
      {controls.includes('compare') && (
        <Select
          w={175}
          aria-label="Compared with"
          data={Object.entries(COMPARISONS).map(([value, label]) => ({ value, label }))}
          value={query.compare}
          onChange={(compare) => change({ compare: compare as Comparison })}
        />
      )}
      {controls.includes('currency') && (
        <CurrencySelect value={search.currency} onChange={(currency) => change({ currency })} />
      )}
    </Group>
  );
}

/** Orders in one currency, or all of them in the shop's. */
function CurrencySelect({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange: (currency: string | undefined) => void;
}) {
  const { data: store } = useQuery(storeQuery);
  const codes = store?.currencies.map(({ code }) => code) ?? [];
  if (value && !codes.includes(value)) codes.push(value);
  const all = store ? `All, in ${store.default_currency}` : 'All currencies';
  return (
    <Select
      w={150}
      aria-label="Currency"
      data={[
        { value: CONVERTED, label: all },
        ...codes.map((code) => ({ value: code, label: `${code} only` })),
      ]}
      value={value ?? CONVERTED}
      onChange={(chosen) => onChange(chosen === CONVERTED ? undefined : (chosen ?? undefined))}
    />
  );
}

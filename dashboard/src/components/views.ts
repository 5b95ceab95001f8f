import type { Search } from './FilterBar';
import { useKept } from './kept';

/** A list's filters and order under a name. It is no more than its URL. */
export interface View {
  name: string;
  search: Search;
}

/** What is set of a search. */
const setOf = (search: Search): Search =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value));

const sizeOf = (search: Search) => Object.keys(search).length;

/** Whether all that a view asks for is asked for. */
const within = ({ search: asked }: View, search: Search) =>
  Object.entries(asked).every(([key, value]) => search[key] === value);

function isView(found: unknown): found is View {
  if (typeof found !== 'object' || found === null) return false;
  const { name, search } = found as Record<string, unknown>;
  if (typeof name !== 'string' || typeof search !== 'object' || search === null) return false;
  return Object.values(search).every((value) => typeof value === 'string');
}

const readViews = (found: unknown): View[] => (Array.isArray(found) ? found.filter(isView) : []);

/**
 * The views of the list of this name: those that everybody has, of which one asks for nothing, and one's own, which are
 * kept in this browser. The present one is the narrowest of which everything is asked for.
 */
export function useViews(list: string, builtIn: View[], present: Search) {
  const [own, keep] = useKept(`${list}.views`, readViews);
  const search = setOf(present);
  const all = [...builtIn, ...own];
  const [current] = all
    .filter((view) => within(view, search))
    .sort((a, b) => sizeOf(b.search) - sizeOf(a.search) || Number(own.includes(b)) - Number(own.includes(a)));
  const isOwn = (view: View) => own.includes(view);
  return {
    all,
    current,
    isOwn,
    /** Whether more is asked for than the present view does. */
    narrowed: sizeOf(search) > (current ? sizeOf(current.search) : 0),
    /** The view of this name, however it is written. */
    named: (name: string) => all.find((view) => view.name.toLowerCase() === name.trim().toLowerCase()),
    /** Keeps what is asked for now; in the place of one's own view of that name. */
    save: (name: string) => {
      const view = { name: name.trim(), search };
      const before = own.find((kept) => kept.name.toLowerCase() === view.name.toLowerCase());
      keep(before ? own.map((kept) => (kept === before ? view : kept)) : [...own, view]);
    },
    rename: (view: View, name: string) =>
      keep(own.map((kept) => (kept === view ? { ...view, name: name.trim() } : kept))),
    remove: (view: View) => keep(own.filter((kept) => kept !== view)),
  };
}

export type Views = ReturnType<typeof useViews>;

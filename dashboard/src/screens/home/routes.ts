import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { COMPARISONS, RANGES } from '../../components/periods';
import { dayText } from '../../format/days';
import { shellRoute } from '../../shell/route';
import { oneOf, optional } from '../../shell/search';

export const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  validateSearch: (search) =>
    optional({
      range: oneOf(RANGES, search.range),
      from: dayText(search.from),
      to: dayText(search.to),
      compare: oneOf(COMPARISONS, search.compare),
    }),
  component: lazyRouteComponent(() => import('./HomeScreen'), 'HomeScreen'),
});

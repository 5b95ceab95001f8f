import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  parseThemeColor,
  type VariantColorsResolver,
} from '@mantine/core';

const ink: MantineColorsTuple = [
  '#eef1ff',
  '#dbe0fb',
  '#b5bef0',
  '#8c9ae6',
  '#6a7bde',
  '#5467d9',
  '#475cd7',
  '#384bbf',
  '#3043ab',
  '#253998',
];

/** Light badges and alerts with text dark enough to be read (WCAG AA), which the default's yellow is not. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const { color, isThemeColor } = parseThemeColor({
    color: input.color ?? input.theme.primaryColor,
    theme: input.theme,
  });
  const base = defaultVariantColorsResolver(input);
  if (input.variant !== 'light' || !isThemeColor) return base;
  const shade = (index: number) => `var(--mantine-color-${color}-${index})`;
  const background = `light-dark(${shade(1)}, color-mix(in srgb, ${shade(8)} 32%, transparent))`;
  const text = `light-dark(color-mix(in srgb, ${shade(9)} 72%, black), ${shade(2)})`;
  return { ...base, background, hover: background, color: text };
};

/** Secondary text that is still easy to read. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--bad)',
    '--good': '#1f7a35',
    '--bad': '#b3261e',
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    '--mantine-color-placeholder': '#a3a3a3',
    '--mantine-color-anchor': 'var(--mantine-color-ink-3)',
    '--mantine-color-error': 'var(--bad)',
    '--good': 'var(--mantine-color-green-4)',
    '--bad': 'var(--mantine-color-red-4)',
  },
});

/** The look of everything: the system's own font, compact controls, one accent. */
export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 5 },
  colors: { ink },
  variantColorResolver,
  autoContrast: true,
  luminanceThreshold: 0.4,
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.4rem' }, h2: { fontSize: '1rem' }, h3: { fontSize: '.9rem' } },
  },
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', allowDeselect: false, comboboxProps: { shadow: 'md' } } },
    Modal: {
      styles: { title: { fontWeight: 650, fontSize: '1.05rem' } },
      defaultProps: { centered: true, closeButtonProps: { 'aria-label': 'Close' } },
    },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
    Badge: {
      defaultProps: { variant: 'light', radius: 'sm', size: 'md', tt: 'none', fw: 550 },
      styles: { root: { overflow: 'visible' }, label: { overflow: 'visible' } },
    },
    Menu: { defaultProps: { shadow: 'md', position: 'bottom-end' } },
  },
});

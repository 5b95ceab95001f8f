const share = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

/** A share such as "0.0312" in percent: "3.1%". */
export const percent = (decimal: string) => share.format(Number(decimal));

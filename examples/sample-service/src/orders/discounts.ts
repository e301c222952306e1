interface Coupon {
  percent: number;
  /** The last day on which it counts, as YYYY-MM-DD. */
  until: string;
}

const coupons: Record<string, Coupon> = {
  WELCOME: { percent: 10, until: '2099-12-31' },
  SPRING26: { percent: 15, until: '2026-05-31' },
  STAFF: { percent: 30, until: '2099-12-31' },
};

/** Percent off the net price; 0 for an unknown or expired coupon. */
export function discountPercent(code: string | undefined, now: Date): number {
  if (code === undefined) return 0;
  const coupon = coupons[code.trim().toUpperCase()];
  if (coupon === undefined) return 0;
  // FIXME: the end is midnight UTC of the last day, so a coupon ends a day early, and an hour or two off for customers elsewhere.
  const end = new Date(`${coupon.until}T00:00:00Z`);
  return now <= end ? coupon.percent : 0;
}

export function couponNames(): string[] {
  return Object.keys(coupons).sort();
}

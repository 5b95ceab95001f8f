//! What a refund comes to: pure arithmetic over what an order's money and lines say.
//!
//! A line's money is spread over its units cumulatively: the first `k` of `n` units are worth `total × k / n`, rounded
//! down, so that whatever is refunded unit by unit sums to the line's total, and the last takes the remainder (R34).
//! Tax follows the money in the same way.

use crate::ids::LineItemId;
use crate::money::allocate;

/// A line as refunds see it. Amounts are minor units.
#[derive(Debug, Clone)]
pub struct Line {
    /// The line.
    pub id: LineItemId,
    /// Units bought.
    pub quantity: i64,
    /// Of those, units of live refunds.
    pub refunded: i64,
    /// Units that were sent.
    pub fulfilled: i64,
    /// Units that need not be sent any more.
    pub removed: i64,
    /// Of those, units of refunds that failed since: the next refund is of them first.
    pub unclaimed: i64,
    /// Units that were put back on the shelf.
    pub restocked: i64,
    /// What the line cost.
    pub total: i64,
    /// What live refunds give back of it.
    pub refunded_amount: i64,
    /// The tax in `total`, on top or contained.
    pub tax: i64,
    /// The tax in `refunded_amount`.
    pub refunded_tax: i64,
}

impl Line {
    /// Units that can still be refunded.
    #[must_use]
    pub const fn refundable(&self) -> i64 {
        self.quantity - self.refunded
    }

    /// Units that are still to be sent.
    #[must_use]
    pub const fn unsent(&self) -> i64 {
        self.quantity - self.fulfilled - self.removed
    }

    /// What the next `units` are worth.
    fn worth(&self, units: i64) -> i64 {
        let left = self.total - self.refunded_amount;
        if units >= self.refundable() {
            return left;
        }
        let upto = |count: i64| share(self.total, count, self.quantity);
        (upto(self.refunded + units) - upto(self.refunded)).clamp(0, left)
    }

    /// The tax in the next `amount`.
    fn tax_in(&self, amount: i64) -> i64 {
        taxed(self.tax, self.refunded_tax, self.total, self.refunded_amount, amount)
    }
}

/// `total × part / whole`, rounded down; nothing of nothing.
fn share(total: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(total) * i128::from(part);
    exact.checked_div(i128::from(whole)).and_then(|share| i64::try_from(share).ok()).unwrap_or_default()
}

/// The tax in `amount` of something that costs `total` with `tax`, of which `done` with `done_tax` is gone already.
fn taxed(tax: i64, done_tax: i64, total: i64, done: i64, amount: i64) -> i64 {
    let upto = if done + amount >= total && amount > 0 { tax } else { share(tax, done + amount, total) };
    (upto - done_tax).clamp(0, amount.max(0))
}

/// What an order's money says, under its lock.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// What was paid.
    pub captured: i64,
    /// Our live refunds, pending or succeeded.
    pub claimed: i64,
    /// Refunds made at the provider by others.
    pub imported: i64,
    /// What disputes took and did not give back.
    pub disputed: i64,
    /// All tax of the order.
    pub tax: i64,
    /// The tax in live refunds, imported ones included.
    pub refunded_tax: i64,
    /// What shipping cost, with its tax.
    pub shipping: i64,
    /// The part of it in live refunds.
    pub refunded_shipping: i64,
    /// The tax in `shipping`.
    pub shipping_tax: i64,
    /// Whether a live refund is of an amount and not of lines, so that no later one can be told by line.
    pub has_flat: bool,
    /// The lines.
    pub lines: Vec<Line>,
    /// The smallest amount that can be sent: every refund is a multiple of it.
    pub step: i64,
}

impl Ledger {
    /// What can still be refunded.
    #[must_use]
    pub fn remaining(&self) -> i64 {
        (self.captured - self.claimed - self.imported - self.disputed).max(0)
    }

    /// The tax in an amount that is of no line: its share of what is left.
    #[must_use]
    pub fn tax_in(&self, amount: i64) -> i64 {
        let left = self.captured - self.claimed - self.imported;
        taxed(self.tax - self.refunded_tax, 0, left, 0, amount)
    }
}

/// Units of a line to be refunded.
#[derive(Debug, Clone, Copy)]
pub struct AskedLine {
    /// The line.
    pub id: LineItemId,
    /// Units.
    pub quantity: i64,
    /// Whether they go back on the shelf; when not said, those that were never sent do.
    pub restock: Option<bool>,
}

/// What is to be refunded.
#[derive(Debug, Clone)]
pub enum Ask {
    /// An amount, for whatever reason.
    Amount(i64),
    /// Lines, and this much of the shipping.
    Lines {
        /// The lines, each once.
        lines: Vec<AskedLine>,
        /// Of the shipping, with tax.
        shipping: i64,
    },
}

/// A line's part of a planned refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedLine {
    /// The line.
    pub id: LineItemId,
    /// Units.
    pub quantity: i64,
    /// What they are worth.
    pub amount: i64,
    /// The tax in it.
    pub tax: i64,
    /// Of the units, those that need not be sent any more.
    pub removed: i64,
    /// Of those, the ones that were to be sent until now.
    pub newly_removed: i64,
    /// Of the units, those that go back on the shelf.
    pub restock: i64,
}

/// A planned refund: `amount` is the sum of its lines and its shipping, unless it has neither or is the order's last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is given back.
    pub amount: i64,
    /// Of that, for shipping.
    pub shipping: i64,
    /// The tax in the amount.
    pub tax: i64,
    /// By line.
    pub lines: Vec<PlannedLine>,
    /// Whether the tax office can be told by line.
    pub by_line: bool,
}

/// Why a refund cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The line at this position is not the order's, or is named twice.
    UnknownLine(usize),
    /// Of the line at this position only so many units are left.
    TooManyUnits(usize, i64),
    /// Only so much of the shipping is left.
    TooMuchShipping(i64),
    /// Only so much of the order is left.
    TooMuch(i64),
    /// Amounts must be multiples of this.
    OffStep(i64),
    /// What was asked for is worth nothing.
    Nothing,
}

/// Plans a refund.
///
/// # Errors
/// A [`Refusal`]; nothing of it is done then.
pub fn plan(ledger: &Ledger, ask: &Ask) -> Result<Plan, Refusal> {
    match ask {
        Ask::Amount(amount) => flat(ledger, *amount),
        Ask::Lines { lines, shipping } => by_lines(ledger, lines, *shipping),
    }
}

fn flat(ledger: &Ledger, amount: i64) -> Result<Plan, Refusal> {
    if amount <= 0 {
        return Err(Refusal::Nothing);
    }
    if amount % ledger.step != 0 {
        return Err(Refusal::OffStep(ledger.step));
    }
    if amount > ledger.remaining() {
        return Err(Refusal::TooMuch(ledger.remaining()));
    }
    Ok(Plan { amount, shipping: 0, tax: ledger.tax_in(amount), lines: Vec::new(), by_line: false })
}

fn by_lines(ledger: &Ledger, asked: &[AskedLine], shipping: i64) -> Result<Plan, Refusal> {
    let found = find(ledger, asked)?;
    let shipping_left = ledger.shipping - ledger.refunded_shipping;
    if shipping < 0 || shipping > shipping_left {
        return Err(Refusal::TooMuchShipping(shipping_left));
    }
    let mut weights: Vec<i64> = found.iter().map(|(line, asked)| line.worth(asked.quantity)).collect();
    weights.push(shipping);
    let worth: i64 = weights.iter().sum();
    let is_last = shipping == shipping_left && returns_everything(ledger, asked);
    let amount = settled(ledger, worth, is_last)?;
    // The last refund may also take what earlier ones left over, being sent in steps: that is of no line.
    let mut parts = if amount >= worth { weights } else { allocate(amount, &weights) };
    let shipping = parts.pop().unwrap_or_default();
    let lines: Vec<PlannedLine> =
        found.iter().zip(parts).map(|((line, asked), amount)| planned(line, asked, amount)).collect();
    let by_line = !ledger.has_flat && amount <= worth;
    let shipping_tax_done = taxed(ledger.shipping_tax, 0, ledger.shipping, 0, ledger.refunded_shipping);
    let shipping_tax =
        taxed(ledger.shipping_tax, shipping_tax_done, ledger.shipping, ledger.refunded_shipping, shipping);
    let tax =
        if by_line { lines.iter().map(|line| line.tax).sum::<i64>() + shipping_tax } else { ledger.tax_in(amount) };
    Ok(Plan { amount, shipping, tax, lines, by_line })
}

/// What is really given back: the last refund of an order takes what is left, the others what can be sent.
fn settled(ledger: &Ledger, worth: i64, is_last: bool) -> Result<i64, Refusal> {
    let remaining = ledger.remaining();
    let amount = match worth {
        worth if is_last || worth == remaining => remaining,
        worth if worth > remaining => return Err(Refusal::TooMuch(remaining)),
        worth => worth - worth % ledger.step,
    };
    if amount > 0 { Ok(amount) } else { Err(Refusal::Nothing) }
}

fn find<'a>(ledger: &'a Ledger, asked: &'a [AskedLine]) -> Result<Vec<(&'a Line, &'a AskedLine)>, Refusal> {
    let mut found: Vec<(&Line, &AskedLine)> = Vec::new();
    for (position, each) in asked.iter().enumerate() {
        let line = ledger.lines.iter().find(|line| line.id == each.id).ok_or(Refusal::UnknownLine(position))?;
        if found.iter().any(|(other, _)| other.id == line.id) {
            return Err(Refusal::UnknownLine(position));
        }
        if each.quantity > line.refundable() {
            return Err(Refusal::TooManyUnits(position, line.refundable()));
        }
        found.push((line, each));
    }
    Ok(found)
}

fn returns_everything(ledger: &Ledger, asked: &[AskedLine]) -> bool {
    ledger.lines.iter().all(|line| {
        let now = asked.iter().find(|asked| asked.id == line.id).map_or(0, |asked| asked.quantity);
        now == line.refundable()
    })
}

fn planned(line: &Line, asked: &AskedLine, amount: i64) -> PlannedLine {
    // What a failed refund took off is refunded first, then what was not sent.
    let again = asked.quantity.min(line.unclaimed);
    let newly_removed = (asked.quantity - again).min(line.unsent()).max(0);
    let removed = again + newly_removed;
    let restock = match asked.restock {
        Some(true) => asked.quantity,
        Some(false) => 0,
        // What never left goes back, unless it did before.
        None => (line.removed + newly_removed - line.restocked).clamp(0, removed),
    };
    let tax = line.tax_in(amount);
    PlannedLine { id: line.id, quantity: asked.quantity, amount, tax, removed, newly_removed, restock }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ledger(lines: &[(i64, i64, i64)], shipping: (i64, i64), step: i64) -> Ledger {
        let lines: Vec<Line> = lines
            .iter()
            .map(|(quantity, total, tax)| Line {
                id: LineItemId::new(),
                quantity: *quantity,
                refunded: 0,
                fulfilled: 0,
                removed: 0,
                unclaimed: 0,
                restocked: 0,
                total: *total,
                refunded_amount: 0,
                tax: *tax,
                refunded_tax: 0,
            })
            .collect();
        Ledger {
            captured: lines.iter().map(|line| line.total).sum::<i64>() + shipping.0,
            claimed: 0,
            imported: 0,
            disputed: 0,
            tax: lines.iter().map(|line| line.tax).sum::<i64>() + shipping.1,
            refunded_tax: 0,
            shipping: shipping.0,
            refunded_shipping: 0,
            shipping_tax: shipping.1,
            has_flat: false,
            lines,
            step,
        }
    }

    fn post(ledger: &mut Ledger, plan: &Plan) {
        ledger.claimed += plan.amount;
        ledger.refunded_tax += plan.tax;
        ledger.refunded_shipping += plan.shipping;
        ledger.has_flat |= !plan.by_line;
        for planned in &plan.lines {
            let line = ledger.lines.iter_mut().find(|line| line.id == planned.id).unwrap();
            line.refunded += planned.quantity;
            line.refunded_amount += planned.amount;
            line.refunded_tax += planned.tax;
            line.removed += planned.newly_removed;
        }
    }

    fn rest(ledger: &Ledger) -> Ask {
        let lines = ledger.lines.iter().filter(|line| line.refundable() > 0);
        let lines = lines.map(|line| AskedLine { id: line.id, quantity: line.refundable(), restock: None }).collect();
        Ask::Lines { lines, shipping: ledger.shipping - ledger.refunded_shipping }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Flat(i64),
        Lines(Vec<(usize, i64)>, i64),
        Import(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (1i64..5000).prop_map(Step::Flat),
            (proptest::collection::vec((0usize..6, 1i64..4), 1..4), 0i64..500).prop_map(|(l, s)| Step::Lines(l, s)),
            (1i64..2000).prop_map(Step::Import),
        ];
        proptest::collection::vec(step, 0..8)
    }

    proptest! {
        /// Whatever was refunded before, nothing exceeds its bound, and the last refund leaves neither money nor tax.
        #[test]
        fn refunds_never_exceed_and_the_last_takes_the_remainder(
            lines in proptest::collection::vec((1i64..9, 0i64..90_000, 0i64..20), 1..6),
            shipping in 0i64..3000,
            step in prop_oneof![Just(1i64), Just(10), Just(100)],
            steps in steps(),
        ) {
            let lines: Vec<(i64, i64, i64)> = lines
                .iter()
                .map(|(quantity, total, rate)| (*quantity, total - total % step, (total - total % step) * rate / 100))
                .collect();
            let shipping = shipping - shipping % step;
            let mut ledger = ledger(&lines, (shipping, shipping / 6), step);
            for each in steps {
                let ask = match each {
                    Step::Import(amount) => {
                        ledger.imported += amount.min(ledger.remaining());
                        ledger.has_flat = true;
                        continue;
                    }
                    Step::Flat(amount) => Ask::Amount(amount),
                    Step::Lines(picked, shipping) => {
                        let lines = picked.iter().filter_map(|(at, quantity)| {
                            ledger.lines.get(*at).map(|line| AskedLine { id: line.id, quantity: *quantity, restock: Some(true) })
                        });
                        Ask::Lines { lines: lines.collect(), shipping }
                    }
                };
                let before = ledger.remaining();
                if let Ok(plan) = plan(&ledger, &ask) {
                    prop_assert!(plan.amount > 0 && plan.amount <= before && plan.tax <= plan.amount && plan.tax >= 0);
                    prop_assert!(plan.amount % step == 0 || plan.amount == before);
                    let parts = plan.lines.iter().map(|line| line.amount).sum::<i64>() + plan.shipping;
                    prop_assert!(parts == plan.amount || !plan.by_line && parts < plan.amount);
                    post(&mut ledger, &plan);
                }
                for line in &ledger.lines {
                    prop_assert!(line.refunded <= line.quantity && line.refunded_amount <= line.total);
                    prop_assert!(line.refunded_tax <= line.tax && line.unsent() >= 0);
                }
                prop_assert!(ledger.refunded_shipping <= ledger.shipping && ledger.refunded_tax <= ledger.tax);
            }
            let left = ledger.remaining();
            let plan = plan(&ledger, &rest(&ledger));
            let is_spent = ledger.lines.iter().all(|line| line.refundable() == 0);
            match plan {
                Ok(plan) => {
                    prop_assert_eq!(plan.amount, left);
                    post(&mut ledger, &plan);
                    prop_assert_eq!(ledger.remaining(), 0);
                    if ledger.imported == 0 {
                        prop_assert_eq!(ledger.refunded_tax, ledger.tax);
                    }
                }
                Err(refusal) => prop_assert!(left == 0 && refusal == Refusal::Nothing || is_spent || left < step),
            }
        }
    }

    #[test]
    fn thirds_sum_to_the_whole() {
        let mut ledger = ledger(&[(3, 1000, 160)], (500, 80), 1);
        let id = ledger.lines[0].id;
        let one = |shipping| Ask::Lines { lines: vec![AskedLine { id, quantity: 1, restock: None }], shipping };
        let mut amounts = Vec::new();
        for shipping in [0, 0, 500] {
            let plan = plan(&ledger, &one(shipping)).unwrap();
            amounts.push((plan.amount, plan.tax));
            post(&mut ledger, &plan);
        }
        assert_eq!(amounts, [(333, 53), (333, 53), (834, 134)]);
        assert_eq!(plan(&ledger, &one(0)), Err(Refusal::TooManyUnits(0, 0)));
    }

    #[test]
    fn what_was_sent_is_not_taken_off_and_not_restocked_by_itself() {
        let mut ledger = ledger(&[(3, 900, 0)], (0, 0), 1);
        ledger.lines[0].fulfilled = 2;
        let id = ledger.lines[0].id;
        let plan =
            plan(&ledger, &Ask::Lines { lines: vec![AskedLine { id, quantity: 2, restock: None }], shipping: 0 });
        let line = plan.unwrap().lines[0];
        assert_eq!((line.removed, line.restock, line.amount), (1, 1, 600));
    }

    #[test]
    fn dinars_are_sent_in_tens_and_the_last_takes_the_rest() {
        let mut ledger = ledger(&[(3, 1000, 0)], (0, 0), 10);
        let id = ledger.lines[0].id;
        let one = Ask::Lines { lines: vec![AskedLine { id, quantity: 1, restock: None }], shipping: 0 };
        let mut amounts = Vec::new();
        for _ in 0..3 {
            let plan = plan(&ledger, &one).unwrap();
            amounts.push(plan.amount);
            post(&mut ledger, &plan);
        }
        assert_eq!(amounts, [330, 330, 340]);
        assert_eq!(flat(&ledger, 5), Err(Refusal::OffStep(10)));
    }
}

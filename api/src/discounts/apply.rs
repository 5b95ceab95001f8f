//! What a cart's discounts give. Pure: amounts in, amounts out.
//!
//! Discounts are given by priority, then by age, so the order in which codes were entered changes nothing. Each is
//! reckoned on what the earlier ones left. One that is not combinable is given alone.

use std::cmp::Reverse;

use super::model::{AppliesTo, Buy, DiscountReason, DiscountType, Get, Terms};
use crate::ids::{CollectionId, DiscountCodeId, DiscountId, ProductId, VariantId};
use crate::money::{Currency, Percentage, allocate};

/// A discount that a cart may have.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Candidate {
    /// The discount.
    pub id: DiscountId,
    /// What the shopper reads.
    pub title: String,
    /// The code that brings it, when one does.
    pub code: Option<CandidateCode>,
    /// What it gives.
    pub terms: Terms,
    /// Higher ones first.
    pub priority: i32,
    /// Whether it is given together with others.
    pub combinable: bool,
    /// Whether its uses are counted.
    pub limited: bool,
    /// Its row's version: another one may have another price.
    pub version: i64,
    /// Why it is not given, as far as that does not depend on what is in the cart.
    pub barred: Option<DiscountReason>,
}

/// The code that brings a discount.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CandidateCode {
    /// The code's id.
    pub id: DiscountCodeId,
    /// What was entered, in capitals.
    pub code: String,
    /// Whether its uses are counted.
    pub limited: bool,
}

/// A line as far as discounts depend on it.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// What is bought.
    pub variant: VariantId,
    /// Its product.
    pub product: ProductId,
    /// The collections that the product is in, as far as discounts name them.
    pub collections: &'a [CollectionId],
    /// The price of one.
    pub unit_price: i64,
    /// How many.
    pub quantity: i64,
}

/// A cart as far as discounts depend on it.
#[derive(Debug, Clone)]
pub struct Basket<'a> {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The smallest amount that can be charged; discounts are multiples of it.
    pub step: i64,
    /// The lines.
    pub lines: Vec<Line<'a>>,
    /// The shipping price; `None` while unknown.
    pub shipping: Option<i64>,
    /// Whether anything is sent.
    pub is_sent: bool,
}

/// What one candidate gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Off each line, in the basket's order.
    pub lines: Vec<i64>,
    /// Off the shipping.
    pub shipping: i64,
}

/// What became of each candidate, in the candidates' order.
pub type Verdicts = Vec<Result<Given, DiscountReason>>;

impl Line<'_> {
    fn value(&self) -> i64 {
        self.unit_price.saturating_mul(self.quantity)
    }

    fn is_in(&self, scope: &AppliesTo) -> bool {
        let everything = scope.products.is_empty() && scope.collections.is_empty() && scope.variants.is_empty();
        everything
            || scope.products.contains(&self.product)
            || scope.variants.contains(&self.variant)
            || self.collections.iter().any(|collection| scope.collections.contains(collection))
    }
}

/// The candidates' places, in the order in which they are given.
#[must_use]
pub fn order(candidates: &[Candidate]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|index| candidates.get(*index).map(|candidate| (Reverse(candidate.priority), candidate.id)));
    order
}

/// Gives the discounts.
#[must_use]
pub fn apply(basket: &Basket<'_>, candidates: &[Candidate]) -> Verdicts {
    let mut left: Vec<i64> = basket.lines.iter().map(Line::value).collect();
    let mut shipping_left = basket.shipping;
    let mut verdicts: Verdicts = vec![Err(DiscountReason::NothingEligible); candidates.len()];
    let (mut given_any, mut closed) = (false, false);
    for index in order(candidates) {
        let (Some(candidate), Some(verdict)) = (candidates.get(index), verdicts.get_mut(index)) else { continue };
        *verdict = match candidate.barred {
            Some(reason) => Err(reason),
            None => give(basket, &candidate.terms, &left, shipping_left),
        };
        if verdict.is_ok() && (closed || given_any && !candidate.combinable) {
            *verdict = Err(DiscountReason::NotCombinable);
        }
        if let Ok(given) = verdict {
            for (left, amount) in left.iter_mut().zip(&given.lines) {
                *left -= amount;
            }
            shipping_left = shipping_left.map(|left| left - given.shipping);
            given_any = true;
            closed = !candidate.combinable;
        }
    }
    verdicts
}

fn give(basket: &Basket<'_>, terms: &Terms, left: &[i64], shipping_left: Option<i64>) -> Result<Given, DiscountReason> {
    let scope = if terms.kind == DiscountType::BuyXGetY { buy_scope(terms) } else { &terms.applies_to };
    let eligible: Vec<bool> = basket.lines.iter().map(|line| line.is_in(scope)).collect();
    require_minimums(basket, terms, &eligible)?;
    let nothing = vec![0; basket.lines.len()];
    let weights = || -> Vec<i64> {
        left.iter().zip(&eligible).map(|(left, eligible)| if *eligible { *left } else { 0 }).collect()
    };
    let lines = match terms.kind {
        DiscountType::Percentage => {
            let weights = weights();
            let percentage = terms.percentage.ok_or(DiscountReason::NothingEligible)?;
            spread(percentage.of(weights.iter().sum(), basket.step), &weights, basket.step)
        }
        DiscountType::FixedAmount => {
            let amount = terms.amounts.iter().find(|amount| amount.currency == basket.currency);
            let amount = amount.ok_or(DiscountReason::NoAmountInCurrency)?.amount;
            spread(amount, &weights(), basket.step)
        }
        DiscountType::BuyXGetY => match (&terms.buy, &terms.get) {
            (Some(buy), Some(get)) => buy_and_get(basket, buy, get, left),
            (Some(_), None) | (None, _) => nothing,
        },
        DiscountType::FreeShipping => {
            return match shipping_left {
                Some(0) => Err(DiscountReason::NoShipping),
                Some(left) => Ok(Given { lines: nothing, shipping: left }),
                None if basket.is_sent => Ok(Given { lines: nothing, shipping: 0 }),
                None => Err(DiscountReason::NoShipping),
            };
        }
    };
    if lines.iter().all(|amount| *amount == 0) {
        return Err(DiscountReason::NothingEligible);
    }
    Ok(Given { lines, shipping: 0 })
}

fn buy_scope(terms: &Terms) -> &AppliesTo {
    terms.buy.as_ref().map_or(&terms.applies_to, |buy| &buy.applies_to)
}

fn require_minimums(basket: &Basket<'_>, terms: &Terms, eligible: &[bool]) -> Result<(), DiscountReason> {
    if !eligible.contains(&true) {
        return Err(DiscountReason::NothingEligible);
    }
    let lines = || basket.lines.iter().zip(eligible).filter(|(_, eligible)| **eligible).map(|(line, _)| line);
    let minimum = terms.minimum_subtotal.iter().find(|minimum| minimum.currency == basket.currency);
    if minimum.is_some_and(|minimum| lines().map(Line::value).fold(0, i64::saturating_add) < minimum.amount) {
        return Err(DiscountReason::MinimumSubtotal);
    }
    let quantity: i64 = lines().map(|line| line.quantity).sum();
    if terms.minimum_quantity.is_some_and(|minimum| quantity < minimum) {
        return Err(DiscountReason::MinimumQuantity);
    }
    Ok(())
}

/// An amount over the lines by largest remainder, in whole steps; what exceeds the lines is not given.
fn spread(amount: i64, weights: &[i64], step: i64) -> Vec<i64> {
    let step = step.max(1);
    let steps: Vec<i64> = weights.iter().map(|weight| weight / step).collect();
    let amount = (amount / step).min(steps.iter().sum());
    allocate(amount, &steps).into_iter().map(|part| part * step).collect()
}

/// Makes the cheapest units cheaper that need not be bought for it. A unit counts once: as bought, or as got.
fn buy_and_get(basket: &Basket<'_>, buy: &Buy, get: &Get, left: &[i64]) -> Vec<i64> {
    let units = |bought: bool, got: bool| -> i64 {
        let is = |line: &&Line<'_>| line.is_in(&buy.applies_to) == bought && line.is_in(&get.applies_to) == got;
        basket.lines.iter().filter(is).map(|line| line.quantity).sum()
    };
    let (only_bought, only_got, both) = (units(true, false), units(false, true), units(true, true));
    let fits = |times: i64| {
        let (to_buy, to_get) = (times.saturating_mul(buy.quantity), times.saturating_mul(get.quantity));
        (to_buy - only_bought).max(0).saturating_add((to_get - only_got).max(0)) <= both
    };
    let (mut times, mut too_many) = (0, get.most_per_order.unwrap_or(i64::from(u16::MAX) * 16) + 1);
    while too_many - times > 1 {
        let middle = times + (too_many - times) / 2;
        if fits(middle) { times = middle } else { too_many = middle }
    }
    let mut wanted = times * get.quantity;
    let mut spare = both - (times * buy.quantity - only_bought).max(0);
    let mut order: Vec<usize> = (0..basket.lines.len()).collect();
    order.sort_by_key(|index| basket.lines.get(*index).map(|line| line.unit_price));
    let mut given = vec![0; basket.lines.len()];
    for index in order {
        let (Some(line), Some(left), Some(given)) = (basket.lines.get(index), left.get(index), given.get_mut(index))
        else {
            continue;
        };
        if !line.is_in(&get.applies_to) {
            continue;
        }
        let mut taken = line.quantity.min(wanted);
        if line.is_in(&buy.applies_to) {
            taken = taken.min(spare);
            spare -= taken;
        }
        wanted -= taken;
        *given = part(*left, taken, line.quantity, get.percentage, basket.step);
    }
    given
}

/// A percentage of some of a line's units.
fn part(left: i64, taken: i64, quantity: i64, percentage: Percentage, step: i64) -> i64 {
    let value = i128::from(left) * i128::from(taken) / i128::from(quantity.max(1));
    let value = i64::try_from(value).unwrap_or_default();
    percentage.of(value, step).min(left / step.max(1) * step.max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::money::Money;
    use crate::payments::smallest_charge_step;

    fn terms(kind: DiscountType) -> Terms {
        Terms {
            kind,
            percentage: None,
            amounts: Vec::new(),
            buy: None,
            get: None,
            applies_to: AppliesTo::default(),
            minimum_subtotal: Vec::new(),
            minimum_quantity: None,
        }
    }

    fn candidate(number: u128, terms: Terms) -> Candidate {
        Candidate {
            id: DiscountId(Uuid::from_u128(number)),
            title: "T".to_owned(),
            code: None,
            terms,
            priority: 0,
            combinable: true,
            limited: false,
            version: 1,
            barred: None,
        }
    }

    fn percent(text: &str) -> Terms {
        Terms { percentage: Some(text.parse().unwrap()), ..terms(DiscountType::Percentage) }
    }

    fn amount(amount: i64, currency: &str) -> Terms {
        let amounts = vec![Money::new(amount, currency.parse().unwrap())];
        Terms { amounts, ..terms(DiscountType::FixedAmount) }
    }

    fn buy_get(buy: i64, get: i64, percentage: &str, most_per_order: Option<i64>) -> Terms {
        let percentage = percentage.parse().unwrap();
        Terms {
            buy: Some(Buy { quantity: buy, applies_to: AppliesTo::default() }),
            get: Some(Get { quantity: get, percentage, applies_to: AppliesTo::default(), most_per_order }),
            ..terms(DiscountType::BuyXGetY)
        }
    }

    /// A line of the product and the variant with this number.
    fn line(number: u128, unit_price: i64, quantity: i64) -> Line<'static> {
        let id = Uuid::from_u128(number);
        Line { variant: VariantId(id), product: ProductId(id), collections: &[], unit_price, quantity }
    }

    fn basket(currency: &str, lines: Vec<Line<'static>>) -> Basket<'static> {
        let currency = currency.parse().unwrap();
        Basket { currency, step: smallest_charge_step(currency), lines, shipping: Some(490), is_sent: true }
    }

    fn off(basket: &Basket<'_>, candidates: &[Candidate]) -> Vec<Result<Vec<i64>, DiscountReason>> {
        apply(basket, candidates).into_iter().map(|verdict| verdict.map(|given| given.lines)).collect()
    }

    #[test]
    fn percentages_and_amounts_are_spread_by_largest_remainder() {
        let three = basket("EUR", vec![line(1, 999, 1), line(2, 999, 1), line(3, 999, 1)]);
        assert_eq!(off(&three, &[candidate(1, percent("10"))]), [Ok(vec![100, 100, 100])]);
        assert_eq!(off(&three, &[candidate(1, amount(1000, "EUR"))]), [Ok(vec![334, 333, 333])]);
        assert_eq!(off(&three, &[candidate(1, amount(9999, "EUR"))]), [Ok(vec![999, 999, 999])]);
        assert_eq!(off(&three, &[candidate(1, amount(1, "USD"))]), [Err(DiscountReason::NoAmountInCurrency)]);
        let yen = basket("JPY", vec![line(1, 100, 1), line(2, 105, 1)]);
        assert_eq!(off(&yen, &[candidate(1, percent("10"))]), [Ok(vec![10, 11])]);
        let dinar = basket("KWD", vec![line(1, 1250, 1), line(2, 1000, 1)]);
        assert_eq!(off(&dinar, &[candidate(1, percent("12.5"))]), [Ok(vec![160, 120])]);
    }

    #[test]
    fn later_ones_take_from_what_is_left_and_one_that_stands_alone_shuts_the_others_out() {
        let one = basket("EUR", vec![line(1, 1000, 1)]);
        let half = candidate(2, percent("50"));
        let first = Candidate { priority: 5, ..candidate(3, amount(200, "EUR")) };
        assert_eq!(off(&one, &[half.clone(), first.clone()]), [Ok(vec![400]), Ok(vec![200])]);
        let alone = Candidate { combinable: false, priority: 9, ..candidate(4, percent("1")) };
        let refused = Err(DiscountReason::NotCombinable);
        assert_eq!(off(&one, &[half.clone(), first, alone.clone()]), [refused.clone(), refused.clone(), Ok(vec![10])]);
        let late = Candidate { priority: -9, ..alone };
        assert_eq!(off(&one, &[half, late]), [Ok(vec![500]), refused]);
    }

    #[test]
    fn minimums_and_scopes_count_what_the_discount_is_for() {
        let two = basket("EUR", vec![line(1, 1000, 2), line(2, 500, 1)]);
        let first_only = AppliesTo { products: vec![ProductId(Uuid::from_u128(1))], ..AppliesTo::default() };
        let scoped = Terms { applies_to: first_only.clone(), ..percent("10") };
        assert_eq!(off(&two, &[candidate(1, scoped.clone())]), [Ok(vec![200, 0])]);
        let minimum = |amount| vec![Money::new(amount, "EUR".parse().unwrap())];
        let reached = Terms { minimum_subtotal: minimum(2000), ..scoped.clone() };
        let missed = Terms { minimum_subtotal: minimum(2001), ..scoped.clone() };
        let too_few = Terms { minimum_quantity: Some(3), ..scoped };
        let nowhere = AppliesTo { variants: vec![VariantId(Uuid::from_u128(9))], ..AppliesTo::default() };
        let elsewhere = Terms { applies_to: nowhere, ..percent("10") };
        let verdicts = [reached, missed, too_few, elsewhere].map(|terms| off(&two, &[candidate(1, terms)]).remove(0));
        let errors =
            [DiscountReason::MinimumSubtotal, DiscountReason::MinimumQuantity, DiscountReason::NothingEligible];
        assert_eq!(verdicts[0], Ok(vec![200, 0]));
        assert_eq!(verdicts[1..], errors.map(Err));
    }

    #[test]
    fn the_cheapest_units_are_given_and_none_counts_twice() {
        let mixed = basket("EUR", vec![line(1, 1000, 2), line(2, 400, 1), line(3, 300, 1)]);
        assert_eq!(off(&mixed, &[candidate(1, buy_get(2, 1, "100", None))]), [Ok(vec![0, 0, 300])]);
        assert_eq!(off(&mixed, &[candidate(1, buy_get(1, 1, "50", None))]), [Ok(vec![0, 200, 150])]);
        assert_eq!(off(&mixed, &[candidate(1, buy_get(1, 1, "50", Some(1)))]), [Ok(vec![0, 0, 150])]);
        let few = basket("EUR", vec![line(1, 1000, 2)]);
        assert_eq!(off(&few, &[candidate(1, buy_get(2, 1, "100", None))]), [Err(DiscountReason::NothingEligible)]);
        let shoes = AppliesTo { products: vec![ProductId(Uuid::from_u128(1))], ..AppliesTo::default() };
        let socks = AppliesTo { products: vec![ProductId(Uuid::from_u128(3))], ..AppliesTo::default() };
        let pair = Terms {
            buy: Some(Buy { quantity: 1, applies_to: shoes }),
            get: Some(Get { quantity: 1, percentage: Percentage::ALL, applies_to: socks, most_per_order: None }),
            ..terms(DiscountType::BuyXGetY)
        };
        assert_eq!(off(&mixed, &[candidate(1, pair)]), [Ok(vec![0, 0, 300])]);
    }

    #[test]
    fn free_shipping_takes_what_shipping_costs() {
        let free = candidate(1, terms(DiscountType::FreeShipping));
        let mut one = basket("EUR", vec![line(1, 1000, 1)]);
        assert_eq!(apply(&one, std::slice::from_ref(&free)), [Ok(Given { lines: vec![0], shipping: 490 })]);
        one.shipping = None;
        assert_eq!(apply(&one, std::slice::from_ref(&free)), [Ok(Given { lines: vec![0], shipping: 0 })]);
        one.is_sent = false;
        assert_eq!(apply(&one, &[free]), [Err(DiscountReason::NoShipping)]);
    }

    fn any_terms() -> impl Strategy<Value = Terms> {
        prop_oneof![
            (1u32..=100).prop_map(|part| percent(&part.to_string())),
            (1i64..500_000).prop_map(|off| Terms {
                amounts: Currency::all().map(|currency| Money::new(off, currency)).collect(),
                ..terms(DiscountType::FixedAmount)
            }),
            (1i64..4, 1i64..4, 1u32..=100).prop_map(|(buy, get, part)| buy_get(buy, get, &part.to_string(), None)),
            Just(terms(DiscountType::FreeShipping)),
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_given_twice_and_the_order_of_entry_changes_nothing(
            currency in proptest::sample::select(Currency::all().collect::<Vec<_>>()),
            prices in proptest::collection::vec((0i64..50_000, 1i64..50), 1..99),
            all in proptest::collection::vec((any_terms(), -2i32..3, proptest::bool::weighted(0.8)), 1..6),
            seed in 0usize..6,
        ) {
            let step = smallest_charge_step(currency);
            let lines: Vec<Line<'_>> =
                (1..).zip(&prices).map(|(number, (price, quantity))| line(number, price * step, *quantity)).collect();
            let basket = Basket { currency, step, lines, shipping: Some(490 * step), is_sent: true };
            let candidates: Vec<Candidate> = (1..)
                .zip(all)
                .map(|(number, (terms, priority, combinable))| {
                    Candidate { priority, combinable, ..candidate(number, terms) }
                })
                .collect();
            let verdicts = apply(&basket, &candidates);
            let given: Vec<&Given> = verdicts.iter().flatten().collect();
            for (index, line) in basket.lines.iter().enumerate() {
                let sum: i64 = given.iter().map(|given| given.lines[index]).sum();
                prop_assert!((0..=line.value()).contains(&sum), "{} of {}", sum, line.value());
                prop_assert!(given.iter().all(|given| given.lines[index] >= 0 && given.lines[index] % step == 0));
            }
            prop_assert!(given.iter().map(|given| given.shipping).sum::<i64>() <= 490 * step);
            prop_assert!(given.len() < 2 || verdicts.iter().zip(&candidates).all(|(verdict, its)| verdict.is_err() || its.combinable));
            let mut turned = candidates.clone();
            turned.rotate_left(seed % candidates.len());
            let mut again = apply(&basket, &turned);
            again.rotate_right(seed % candidates.len());
            prop_assert_eq!(verdicts, again);
        }
    }
}

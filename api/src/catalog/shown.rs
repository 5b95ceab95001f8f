//! Which changes concern which answers of the catalogue. Pure.

use std::collections::VecDeque;

use super::changes::Change;
use crate::ids::ProductId;

/// How many changes of single products are remembered; older ones count as changes of everything.
const REMEMBERED: usize = 2048;

/// What an answer is of, and so which changes concern it.
#[derive(Debug, Clone)]
pub enum Shows {
    /// One product.
    Product(ProductId),
    /// A list of products, in which any may belong that changes.
    Products {
        /// Those that are in it.
        products: Vec<ProductId>,
        /// Whether it also depends on what else can be bought: by a filter, or by counts.
        by_availability: bool,
    },
    /// Collections.
    Collections,
}

impl Shows {
    fn is_touched_by(&self, change: Change) -> bool {
        match (self, change) {
            (_, Change::Everything) | (Self::Products { .. }, Change::Product(_)) => true,
            (Self::Product(own), Change::Product(changed) | Change::Availability(changed)) => *own == changed,
            (Self::Products { products, by_availability }, Change::Availability(changed)) => {
                *by_availability || products.contains(&changed)
            }
            (Self::Collections, Change::Product(_) | Change::Availability(_)) => false,
        }
    }
}

/// The changes that were read, numbered.
#[derive(Debug, Default)]
pub struct Log {
    /// The number of the last.
    last: u64,
    /// Up to this one not every change is remembered: one of everything, or forgotten.
    forgotten: u64,
    recent: VecDeque<(u64, Change)>,
}

impl Log {
    /// The number of the last change; 0 before the first.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// Adds a change as the last.
    pub fn add(&mut self, change: Change) {
        self.last += 1;
        if change == Change::Everything {
            self.forgotten = self.last;
            self.recent.clear();
            return;
        }
        self.recent.push_back((self.last, change));
        if self.recent.len() > REMEMBERED
            && let Some((number, _)) = self.recent.pop_front()
        {
            self.forgotten = number;
        }
    }

    /// Whether something after a change concerns what is shown.
    #[must_use]
    pub fn touches(&self, shows: &Shows, since: u64) -> bool {
        let newer = self.recent.iter().rev().take_while(|(number, _)| *number > since);
        self.forgotten > since || newer.map(|(_, change)| *change).any(|change| shows.is_touched_by(change))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn product(number: u8) -> ProductId {
        ProductId(uuid::Uuid::from_u128(number.into()))
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            1 => Just(Change::Everything),
            20 => (0u8..6).prop_map(|number| Change::Product(product(number))),
            20 => (0u8..6).prop_map(|number| Change::Availability(product(number))),
        ]
    }

    fn shows() -> impl Strategy<Value = Shows> {
        prop_oneof![
            (0u8..6).prop_map(|number| Shows::Product(product(number))),
            (vec(0u8..6, 0..4), any::<bool>()).prop_map(|(numbers, by_availability)| {
                Shows::Products { products: numbers.into_iter().map(product).collect(), by_availability }
            }),
            Just(Shows::Collections),
        ]
    }

    proptest! {
        /// The log forgets, and may then call an answer wrong that is right; never the other way round.
        #[test]
        fn what_concerns_an_answer_is_never_missed(
            changes in vec(change(), 0..60), copies in 1usize..80, shows in shows(), since in 0u64..4000,
        ) {
            let mut log = Log::default();
            let all: Vec<Change> = changes.iter().copied().cycle().take(changes.len() * copies).collect();
            for change in &all {
                log.add(*change);
            }
            let after = all.iter().skip(usize::try_from(since).unwrap());
            let concerned = after.clone().any(|change| shows.is_touched_by(*change));
            let touches = log.touches(&shows, since);
            prop_assert!(touches || !concerned);
            if after.count() <= REMEMBERED {
                prop_assert_eq!(touches, concerned);
            }
        }
    }
}

//! Nobody gives or takes what they do not have: invitations, roles and API keys are weighed here.

use crate::error::{Code, Error, Result};
use crate::staff::api_keys::Scope;

/// Refuses unless somebody who holds `held` may give or take `touched`. A storefront's scope opens nothing that a shopper
/// could not, so anybody may.
///
/// # Errors
/// `insufficient_scope`, naming those that are missing.
pub fn require_all(held: &[Scope], touched: &[Scope]) -> Result<()> {
    let lacks = |scope: &&Scope| **scope != Scope::Storefront && !held.contains(scope);
    let missing: Vec<&str> = touched.iter().filter(lacks).map(|scope| scope.as_str()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "Only who has a scope may give or take it. You lack {}.",
        missing.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ")
    );
    Err(Error::problem(Code::InsufficientScope, detail).with("missing_scopes", missing))
}

/// What is given or taken when somebody's scopes change.
#[must_use]
pub fn difference(before: &[Scope], after: &[Scope]) -> Vec<Scope> {
    let given = after.iter().filter(|scope| !before.contains(scope));
    let taken = before.iter().filter(|scope| !after.contains(scope));
    given.chain(taken).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_needs_nothing_and_what_is_given_or_taken_must_be_had() {
        use Scope::{OrdersRead, OrdersWrite, ProductsRead, Storefront};
        let touched = difference(&[OrdersRead, OrdersWrite], &[OrdersRead, ProductsRead, Storefront]);
        assert_eq!(touched, [ProductsRead, Storefront, OrdersWrite]);
        require_all(&[ProductsRead, OrdersWrite], &touched).unwrap();
        let Err(Error::Problem(problem)) = require_all(&[OrdersRead], &touched) else { panic!("it was allowed") };
        assert_eq!(problem.extensions["missing_scopes"], serde_json::json!(["products:read", "orders:write"]));
    }
}

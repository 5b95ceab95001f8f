//! Taking Stripe's promotion codes over, by a command. What the shop has already stays as it is, so it can be run again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use super::codes;
use super::model::{AppliesTo, DiscountType};
use super::requests::{CodeText, NewCodes, NewDiscount};
use super::write;
use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::discount_codes;
use crate::db::{self, Connection};
use crate::error::{Error, Result};
use crate::payments::PromotionCode;

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is a discount now.
    Created,
    /// The shop has a code of this text already.
    Present,
    /// It cannot be kept: why.
    Refused(String),
}

/// Takes every active code over; with `dry_run` only says what would become of each.
///
/// # Errors
/// `provider_unavailable` when Stripe cannot be read; those of the database.
pub async fn import(app: &App, dry_run: bool) -> Result<Vec<(String, Taken)>> {
    let (mut report, author) = (Vec::new(), &Author::command_line());
    for promotion in app.stripe.promotion_codes().await? {
        let (mut conn, now, one) = (app.connection().await?, app.clock.now(), &promotion);
        let taken = if dry_run {
            db::rehearse(&mut conn, |conn| async move { take(conn, one, author, now).await }.scope_boxed()).await
        } else {
            db::transaction(&mut conn, |conn| async move { take(conn, one, author, now).await }.scope_boxed()).await
        };
        let taken = match taken {
            Err(Error::Problem(problem)) => Taken::Refused(problem.detail),
            taken => taken?,
        };
        report.push((promotion.code.clone(), taken));
    }
    Ok(report)
}

async fn take(conn: &mut Connection, promotion: &PromotionCode, author: &Author, now: DateTime<Utc>) -> Result<Taken> {
    let code = match CodeText::try_from(promotion.code.clone()) {
        Ok(code) => code,
        Err(error) => return Ok(Taken::Refused(error)),
    };
    let present: i64 = discount_codes::table.filter(discount_codes::code.eq(&code.0)).count().get_result(conn).await?;
    if present > 0 {
        return Ok(Taken::Present);
    }
    if let [obstacle, ..] = promotion.obstacles.as_slice() {
        return Ok(Taken::Refused(obstacle.clone()));
    }
    if promotion.uses_left == Some(0) || promotion.coupon_uses_left == Some(0) {
        return Ok(Taken::Refused("it is used up".to_owned()));
    }
    let discount = write::create(conn, &discount(promotion), now).await?;
    let new = NewCodes { codes: vec![code], count: None, prefix: None, usage_limit: promotion.uses_left };
    codes::create(conn, discount, &new, now).await?;
    let entry = Entry::new(Action::DiscountCreated, discount).set("/code", &promotion.code);
    audit::record(conn, author, entry.because("taken over from Stripe"), now).await?;
    Ok(Taken::Created)
}

fn discount(promotion: &PromotionCode) -> NewDiscount {
    NewDiscount {
        title: promotion.name.chars().take(100).collect(),
        method: Some(super::model::DiscountMethod::Code),
        code: None,
        status: None,
        r#type: if promotion.percentage.is_some() { DiscountType::Percentage } else { DiscountType::FixedAmount },
        percentage: promotion.percentage,
        amounts: if promotion.percentage.is_some() { Vec::new() } else { promotion.amounts.clone() },
        buy: None,
        get: None,
        applies_to: AppliesTo::default(),
        minimum_subtotal: promotion.minimum.into_iter().collect(),
        minimum_quantity: None,
        priority: 0,
        combinable: Some(false),
        usage_limit: promotion.coupon_uses_left,
        usage_limit_per_customer: None,
        starts_at: None,
        ends_at: promotion.ends_at,
    }
}

//! The text of an e-mail, with its links.

use super::{EmailKind, EmailRow, OrderLink};
use crate::error::{Error, Result};
use crate::tokens::{OneTime, TokenKeys};

/// An e-mail to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject line.
    pub subject: String,
    /// The body, as plain text.
    pub text: String,
}

/// Says an e-mail, with links below `storefront_url`.
///
/// # Errors
/// When the row's data is not that of its kind, which is a defect.
pub fn render(keys: &TokenKeys, storefront_url: &str, email: &EmailRow) -> Result<Rendered> {
    let (subject, text) = match email.kind {
        EmailKind::VerifyEmail => {
            let token = keys.derive_once(OneTime::EmailVerification, email.subject_id);
            let text = format!(
                "Follow this link to choose a password and open your account. It works for 24 hours.\n\n\
                 {storefront_url}/verify-email?token={token}\n\n\
                 If you did not ask for an account, do nothing: none is made."
            );
            ("Confirm your e-mail address".to_owned(), text)
        }
        EmailKind::AccountExists => {
            let text = format!(
                "Somebody, perhaps you, tried to open an account with this e-mail address. You have one already.\n\n\
                 Log in, or choose a new password if you forgot yours: {storefront_url}\n\n\
                 If it was not you, do nothing: nothing was changed."
            );
            ("You have an account already".to_owned(), text)
        }
        EmailKind::ResetPassword => {
            let token = keys.derive_once(OneTime::PasswordReset, email.subject_id);
            let text = format!(
                "Follow this link to choose a new password. It works once, for an hour.\n\n\
                 {storefront_url}/reset-password?token={token}\n\n\
                 If you did not ask for it, do nothing: your password stays."
            );
            ("Choose a new password".to_owned(), text)
        }
        EmailKind::PasswordChanged => {
            let text = format!(
                "The password of your account was changed, and other devices were logged out.\n\n\
                 If it was not you, choose a new password at once: {storefront_url}"
            );
            ("Your password was changed".to_owned(), text)
        }
        EmailKind::OrderLink => {
            let link: OrderLink = serde_json::from_value(email.data.clone())
                .map_err(|error| Error::Internal(format!("emails.data: {error}")))?;
            let token = keys.derive_link(link.order_id.0, link.token_version, link.expires_at);
            let text = format!(
                "Here is your order {number}. The link works for seven days.\n\n\
                 {storefront_url}/orders/{order}?token={token}",
                number = link.number,
                order = link.order_id,
            );
            (format!("Your order {}", link.number), text)
        }
    };
    Ok(Rendered { subject, text })
}

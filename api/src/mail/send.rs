//! Sending an e-mail: the try is noted, the text made, the mail server asked without a connection to the database, and
//! its answer noted. A death between the server's yes and our note sends it twice, under the same `Message-ID`; each such
//! death costs a try, and there are so many.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use super::smtp::{Mailer, Undelivered, Verdict};
use super::{EmailKind, EmailRow, EmailStatus, Links, render};
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::schema::emails;
use crate::db::{self, Connection, Prepare};
use crate::error::{Error, Result};
use crate::ids::EmailId;

/// How often the mail server is tried: for about eight hours.
const MOST_TRIES: i32 = 19;

/// Sends an e-mail that is queued. Without a mail server it stays queued, and only staff can have it sent later.
///
/// # Errors
/// When it is to be tried again.
pub async fn send(app: &App, id: EmailId) -> Result<()> {
    let Some(mailer) = &app.mailer else { return Ok(()) };
    let mut conn = app.connection().await?;
    let Some(email) = note_try(&mut conn, id).await? else { return Ok(()) };
    let message = if email.attempts > MOST_TRIES {
        Err(unanswered("the worker died at every try".to_owned()))
    } else {
        message(app, mailer, &mut conn, &email).await
    };
    drop(conn);
    app.faults.point("before_mail").await;
    let outcome = match message {
        Ok(message) => mailer.send(&message).await,
        Err(error) => Err(error),
    };
    app.faults.point("after_mail").await;
    note(app, &email, outcome).await
}

/// Counts the try, if the e-mail is still to be sent.
async fn note_try(conn: &mut Connection, id: EmailId) -> Result<Option<EmailRow>> {
    let queued = emails::table.find(id).filter(emails::status.eq(EmailStatus::Queued));
    Ok(diesel::update(queued)
        .set(emails::attempts.eq(emails::attempts + 1))
        .returning(EmailRow::as_returning())
        .prepared()
        .get_result(conn)
        .await
        .optional()?)
}

async fn message(
    app: &App,
    mailer: &Mailer,
    conn: &mut Connection,
    email: &EmailRow,
) -> Result<lettre::Message, Undelivered> {
    let rendered = render(app, conn, email, Links::Live).await.map_err(|error| unanswered(error.to_string()))?;
    mailer.message(email, rendered).map_err(unanswered)
}

/// Something of ours that may be mended before the next try.
const fn unanswered(reason: String) -> Undelivered {
    Undelivered { verdict: Verdict::Ours, reason, code: None }
}

async fn note(app: &App, email: &EmailRow, outcome: Result<(), Undelivered>) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let Err(error) = outcome else { return note_sent(&mut conn, email.id, now).await };
    let is_last = email.attempts >= MOST_TRIES || error.verdict == Verdict::Refused;
    db::transaction(&mut conn, |conn| {
        let error = &error;
        async move {
            if error.verdict == Verdict::Misconfigured {
                let detail = "The mail server refuses our credentials, or TLS with it fails: no e-mail is sent.";
                alerts::raise(conn, AlertKind::CredentialsRefused, "smtp", None, detail, now).await?;
            }
            note_failure(conn, email, error, is_last, now).await
        }
        .scope_boxed()
    })
    .await?;
    if is_last {
        return Ok(());
    }
    // The job is tried again; what the server said may name people, and stays in the row.
    Err(Error::Internal(match error.verdict {
        Verdict::Ours => "the e-mail could not be made; its last_error says why".to_owned(),
        Verdict::Refused | Verdict::Later | Verdict::Misconfigured => {
            format!("the mail server: {}", error.code.as_deref().unwrap_or("no answer"))
        }
    }))
}

async fn note_sent(conn: &mut Connection, id: EmailId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(emails::table.find(id).filter(emails::status.eq(EmailStatus::Queued)))
        .set((emails::status.eq(EmailStatus::Sent), emails::sent_at.eq(now), emails::last_error.eq(None::<String>)))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

async fn note_failure(
    conn: &mut Connection,
    email: &EmailRow,
    error: &Undelivered,
    is_last: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let status = if is_last { EmailStatus::Failed } else { EmailStatus::Queued };
    let noted = diesel::update(emails::table.find(email.id).filter(emails::status.eq(EmailStatus::Queued)))
        .set((emails::status.eq(status), emails::last_error.eq(&error.reason)))
        .prepared()
        .execute(conn)
        .await?;
    if noted == 0 || !is_last {
        return Ok(());
    }
    let id = email.id.to_string();
    // One cause for all mails of a kind that anybody can cause for any address, and for the mails of alerts themselves.
    let is_anybodys = email.kind == EmailKind::Alert || EmailKind::ASKED_FOR.contains(&email.kind);
    let cause = if is_anybodys { email.kind.as_str() } else { &id };
    let code = error.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    let detail = format!("The e-mail {id} ({}) was given up{code}; its last_error says why.", email.kind);
    alerts::raise(conn, AlertKind::EmailFailed, cause, email.order_id, &detail, now).await
}

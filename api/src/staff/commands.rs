//! `merx staff`: the first owner, and what helps when nobody can log in.

use std::io::Read;

use clap::Subcommand;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;
use validator::Validate;

use super::api_keys::Scope;
use super::links::{self, LinkKind};
use super::members::{self, NewMember, StaffStatus};
use super::model::StaffMember;
use super::requests::StaffMemberPatch;
use super::roles::RoleRef;
use crate::address::Email;
use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::customers::requests::require_unlike;
use crate::db::{self, Connection};
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::StaffId;
use crate::tokens::OneTime;

/// How many members are shown, the newest.
const MOST_SHOWN: i64 = 10_000;

/// What `merx staff` does.
#[derive(Debug, Subcommand)]
pub enum StaffCommand {
    /// Make a member, and print the link by which they choose a password, once
    Create {
        /// Their e-mail address
        #[arg(long, value_parser = email)]
        email: Email,
        /// What they are called
        #[arg(long)]
        name: String,
        /// owner, manager, fulfilment, support, analyst, or the id of a role of the shop's own
        #[arg(long)]
        role: RoleRef,
        /// Read the password from the standard input, and print no link
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show all members
    List,
    /// End a member's sessions, and let them log in no more
    Deactivate {
        /// Their e-mail address, or id
        who: String,
    },
}

fn email(text: &str) -> Result<Email, String> {
    let email: Email = serde_json::from_value(Value::String(text.to_owned())).map_err(|error| error.to_string())?;
    email.validate().map_err(|_invalid| "it must be an e-mail address".to_owned())?;
    Ok(email)
}

/// Runs a command; answers what to print.
///
/// # Errors
/// `duplicate`, `validation_failed`, `not_found`, `last_owner`.
pub async fn run(app: &App, command: StaffCommand) -> Result<String> {
    match command {
        StaffCommand::Create { email, name, role, password_stdin } => {
            let password = if password_stdin { Some(read_password(&email.0)?) } else { None };
            create(app, (&email.0, &name, role), password.as_deref()).await
        }
        StaffCommand::List => list(app).await,
        StaffCommand::Deactivate { who } => deactivate(app, &who).await,
    }
}

/// The first line of the standard input, if it may be a password.
fn read_password(email: &str) -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| Error::invalid("/password", "unreadable", format!("cannot be read: {error}")))?;
    let password = text.lines().next().unwrap_or_default();
    if !(8..=128).contains(&password.chars().count()) {
        return Err(Error::invalid("/password", "length", "must have 8 to 128 characters"));
    }
    require_unlike(password, email)?;
    Ok(password.to_owned())
}

/// Makes a member: with a password an active one, without an invited one, whose link is answered.
///
/// # Errors
/// `duplicate`, `validation_failed` for a role that there is not.
pub async fn create(app: &App, (email, name, role): (&str, &str, RoleRef), password: Option<&str>) -> Result<String> {
    let hash = match password {
        Some(password) => Some(app.passwords.hash(password).await?),
        None => None,
    };
    let new = &NewMember { email, name: Some(name), role, password_hash: hash.as_deref() };
    let (mut conn, now, author) = (app.connection().await?, app.clock.now(), &Author::command_line());
    let (id, link) = db::transaction(&mut conn, |conn| {
        async move {
            let id = members::insert(conn, new, now).await?;
            let is_invited = new.password_hash.is_none();
            let link = if is_invited { Some(links::create(conn, id, LinkKind::Invitation, now).await?) } else { None };
            let entry = Entry::new(Action::StaffCreated, id).set("/name", new.name).set("/role", new.role);
            audit::record(conn, author, entry, now).await?;
            Ok((id, link))
        }
        .scope_boxed()
    })
    .await?;
    let Some(link) = link else { return Ok(format!("{id} can log in.")) };
    let token = app.config.token_keys.derive_once(OneTime::StaffInvitation, link.0);
    Ok(links::address(&app.config, LinkKind::Invitation, &token))
}

async fn list(app: &App) -> Result<String> {
    let mut conn = app.connection().await?;
    let members = members::list(&mut conn, None, None, MOST_SHOWN).await?;
    let line = |member: StaffMember| {
        let name = member.name.unwrap_or_default();
        format!("{} {} {} {} {name}", member.id, member.email, member.status, member.role.id)
    };
    Ok(members.into_iter().map(line).collect::<Vec<_>>().join("\n"))
}

async fn deactivate(app: &App, who: &str) -> Result<String> {
    let (mut conn, now, author) = (app.connection().await?, app.clock.now(), &Author::command_line());
    let id = find(&mut conn, who).await?;
    let patch = &StaffMemberPatch { name: Patch::Absent, role: None, status: Some(StaffStatus::Deactivated) };
    let member = db::transaction(&mut conn, |conn| {
        async move {
            let (before, member) =
                members::update(conn, (id, &Scope::ALL, false), patch, &Expected::any(), now).await?;
            audit::record(conn, author, Entry::new(Action::StaffUpdated, id).changed(&before, &member), now).await?;
            Ok(member)
        }
        .scope_boxed()
    })
    .await?;
    Ok(format!("{} is deactivated.", member.email))
}

async fn find(conn: &mut Connection, who: &str) -> Result<StaffId> {
    match who.parse() {
        Ok(id) => Ok(id),
        Err(_) => {
            let found = members::by_email(conn, who).await?;
            found.map(|member| member.id).ok_or_else(|| Error::not_found("member of staff"))
        }
    }
}

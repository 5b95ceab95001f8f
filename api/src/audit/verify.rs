//! Whether the log is as it was written: each entry's hash is that of its content and of the hash before it, none is
//! missing, and the last is the one that the chain's head names.

use diesel::sql_types::{BigInt, Bool, Nullable, Uuid as SqlUuid};
use uuid::Uuid;

use super::content;
use crate::db::Connection;
use crate::db::statement::Statement;
use crate::error::Result;
use crate::ids::AuditEntryId;

#[derive(diesel::QueryableByName)]
struct Broken {
    #[diesel(sql_type = BigInt)]
    sequence: i64,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// What the number before it is.
    #[diesel(sql_type = BigInt)]
    before: i64,
    #[diesel(sql_type = Bool)]
    is_genuine: bool,
}

#[derive(diesel::QueryableByName)]
struct End {
    #[diesel(sql_type = BigInt)]
    head: i64,
    #[diesel(sql_type = BigInt)]
    newest: i64,
    #[diesel(sql_type = Nullable<Bool>)]
    is_same: Option<bool>,
}

/// What is wrong with the log: a line for each entry, of the first twenty. PostgreSQL goes through the chain in its order
/// and answers what is broken alone.
///
/// # Errors
/// Those of the database.
pub async fn verify(conn: &mut Connection) -> Result<Vec<String>> {
    let broken: Vec<Broken> = Statement::constant(concat!(
        "SELECT sequence, id, before, is_genuine FROM (SELECT sequence, id, COALESCE(lag(sequence) OVER chain, 0) AS before, \
             hash = sha256(previous_hash || ",
        content!(
            "sequence", "id", "actor", "actor_name", "request_id", "client_address", "action", "subject_id", "reason",
            "changes"; "created_at"
        ),
        ") AS is_genuine, \
             previous_hash = COALESCE(lag(hash) OVER chain, decode(repeat('00', 32), 'hex')) AS follows \
         FROM audit_log WINDOW chain AS (ORDER BY sequence)) AS entries \
         WHERE NOT is_genuine OR NOT follows OR sequence <> before + 1 ORDER BY sequence LIMIT 20",
    ))
    .load(conn)
    .await?;
    let mut lines: Vec<String> = broken.into_iter().map(told).collect();
    let end: Option<End> = Statement::constant(
        "SELECT head.sequence AS head, COALESCE(newest.sequence, 0) AS newest, newest.hash = head.hash AS is_same \
         FROM audit_head AS head \
         LEFT JOIN (SELECT sequence, hash FROM audit_log ORDER BY sequence DESC LIMIT 1) AS newest ON true",
    )
    .optional(conn)
    .await?;
    lines.extend(match end {
        None => Some("the head of the audit log is gone".to_owned()),
        Some(End { head, newest, .. }) if newest < head => {
            Some(format!("audit entries {} to {head} are missing: the newest that is there is {newest}", newest + 1))
        }
        Some(End { head, newest, is_same }) if newest > head || is_same == Some(false) => {
            Some(format!("audit entry {newest} is not the one that the chain ends with, which is {head}"))
        }
        Some(_) => None,
    });
    Ok(lines)
}

fn told(broken: Broken) -> String {
    let Broken { sequence, id, before, is_genuine } = broken;
    let id = AuditEntryId(id);
    if !is_genuine {
        return format!("audit entry {sequence} ({id}) is not what was written there: it was changed or moved");
    }
    if sequence != before + 1 {
        let (first, last) = (before + 1, sequence - 1);
        return format!("audit entries {first} to {last} are missing: {sequence} ({id}) comes next");
    }
    format!("audit entry {sequence} ({id}) does not follow from entry {before}: one of the two was put in later")
}

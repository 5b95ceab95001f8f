//! What tests of staff do over and over: invite, accept, log in, act under the cookie.

use merx::staff::members::{self, NewMember};
use merx::staff::roles::{BuiltInRole, RoleRef};
use serde_json::{Value, json};

use super::{Call, PASSWORD, Reply, TestApp};

/// A member of staff who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct StaffHandle {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) session: String,
    /// As the browser sends it.
    pub(crate) cookie: String,
}

impl StaffHandle {
    /// From the answer that set the cookie.
    #[track_caller]
    pub(crate) fn new(reply: Reply) -> Self {
        let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
        let body = reply.expect(201);
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        Self { id: text("/staff/id"), email: text("/staff/email"), session: text("/session_id"), cookie }
    }
}

impl TestApp {
    /// A member with a built-in role, logged in. The shop has an owner as well.
    pub(crate) async fn staff(&self, role: BuiltInRole) -> StaffHandle {
        let is_owned = "SELECT count(*) FROM staff_members WHERE status = 'active' AND built_in_role = 'owner'";
        if role != BuiltInRole::Owner && self.count(is_owned).await == 0 {
            self.add_member("owner@shop.example", RoleRef::BuiltIn(BuiltInRole::Owner)).await;
        }
        let email = format!("{role}-{}@shop.example", uuid::Uuid::new_v4().simple());
        self.add_member(&email, RoleRef::BuiltIn(role)).await;
        self.staff_log_in(&email).await
    }

    /// A member with the password of all.
    async fn add_member(&self, email: &str, role: RoleRef) {
        let hash = self.app.passwords.hash(PASSWORD).await.unwrap();
        let new = NewMember { email, name: Some("Grace"), role, password_hash: Some(&hash) };
        members::insert(&mut self.database().await, &new, self.app.clock.now()).await.unwrap();
    }

    /// Tries to log in as staff.
    pub(crate) async fn try_staff_log_in(&self, email: &str, password: &str) -> Reply {
        self.post("/v1/admin/session", json!({"email": email, "password": password})).send().await
    }

    /// Logs in as staff.
    pub(crate) async fn staff_log_in(&self, email: &str) -> StaffHandle {
        StaffHandle::new(self.try_staff_log_in(email, PASSWORD).await)
    }

    /// A request under a member's cookie, as a page of ours sends it.
    pub(crate) fn by(&self, member: &StaffHandle, method: &str, path: &str) -> Call {
        self.call(method, path).header("Cookie", &member.cookie).header("Sec-Fetch-Site", "same-origin")
    }

    /// Whether a member's session is alive: 200 or 401.
    pub(crate) async fn session_status(&self, member: &StaffHandle) -> u16 {
        self.by(member, "GET", "/v1/admin/session").send().await.status
    }

    /// Invites somebody with the admin key; answers the member.
    pub(crate) async fn invite(&self, email: &str, role: &str) -> Value {
        self.staff_post("/v1/admin/staff", json!({"email": email, "role": role})).send().await.expect(201)
    }

    /// Follows an invitation's link.
    pub(crate) async fn accept(&self, token: &str) -> Reply {
        let body = json!({"token": token, "name": "Grace Hopper", "password": PASSWORD});
        self.post("/v1/admin/staff-invitations/accept", body).send().await
    }
}

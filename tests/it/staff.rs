//! Members of staff and their roles: inviting, changing, and that nobody gives what they do not have.

use merx::staff::api_keys::{self, Scope};
use merx::staff::roles::BuiltInRole;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, StaffHandle, TestApp};

fn member(id: &Value) -> String {
    format!("/v1/admin/staff/{}", id.as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_makes_a_member_once_within_seven_days() {
    let app = TestApp::start().await;
    let owner = app.staff(BuiltInRole::Owner).await;
    let body = json!({"email": "Ada@Shop.example", "role": "support"});
    let invited = app.by(&owner, "POST", "/v1/admin/staff").json(body.clone()).send().await;
    let location = invited.header("location").to_owned();
    let invited = invited.expect(201);
    assert_eq!(location, member(&invited["id"]));
    assert_eq!((&invited["status"], &invited["name"]), (&json!("invited"), &Value::Null));
    assert_eq!(invited["role"], json!({"id": "support", "name": "Support"}));
    let again = app.staff_post("/v1/admin/staff", json!({"email": "ADA@shop.example", "role": "support"})).send().await;
    assert_eq!(again.problem(409, "duplicate")["errors"][0]["pointer"], "/email");
    let email = "Ada@shop.example";
    let first = app.mailed_token("staff_invitation", email).await;
    let text = app.mails("staff_invitation", email).await[0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("{}/admin/accept#token=si_", app.base_url)), "{text}");
    // Only the newest link works.
    app.staff_post(&format!("{location}/invitation"), json!({})).send().await.expect(200);
    let second = app.mailed_token("staff_invitation", email).await;
    assert_ne!(first, second);
    app.accept(&first).await.problem(422, "invalid_token");
    app.advance(7 * 86_400).await;
    app.accept(&second).await.problem(422, "invalid_token");
    app.staff_post(&format!("{location}/invitation"), json!({})).send().await.expect(200);
    let third = app.mailed_token("staff_invitation", email).await;
    let accept = |body: Value| app.post("/v1/admin/staff-invitations/accept", body).send();
    let nameless = accept(json!({"token": third, "password": PASSWORD})).await.problem(422, "validation_failed");
    assert_eq!(nameless["errors"][0]["pointer"], "/name");
    let easy = accept(json!({"token": third, "name": "Ada", "password": "ada@shop.example"})).await;
    assert_eq!(easy.problem(422, "validation_failed")["errors"][0]["pointer"], "/password");
    app.try_staff_log_in(email, PASSWORD).await.problem(401, "invalid_credentials");
    let (one, other) = tokio::join!(app.accept(&third), app.accept(&third));
    let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
    lost.problem(422, "invalid_token");
    let ada = StaffHandle::new(won);
    assert_eq!(app.session_status(&ada).await, 200, "accepting logs in");
    let shown = app.staff_get(&location).send().await.expect(200);
    assert_eq!((&shown["status"], &shown["name"]), (&json!("active"), &json!("Grace Hopper")));
    app.staff_post(&format!("{location}/invitation"), json!({})).send().await.problem(409, "wrong_status");
    // The list is paged, and filtered by status.
    app.invite("later@shop.example", "analyst").await;
    let page = app.staff_get("/v1/admin/staff?limit=2").send().await.expect(200);
    let emails: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|member| &member["email"]).collect();
    assert_eq!(emails, ["later@shop.example", "Ada@shop.example"]);
    let next = format!("/v1/admin/staff?limit=2&cursor={}", page["page"]["next_cursor"].as_str().unwrap());
    assert_eq!(app.staff_get(&next).send().await.expect(200)["data"][0]["email"], owner.email.as_str());
    let waiting = app.staff_get("/v1/admin/staff?status=invited").send().await.expect(200);
    assert_eq!(waiting["data"].as_array().unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_role_and_the_end_take_effect_at_once() {
    let app = TestApp::start().await;
    let ada = app.staff(BuiltInRole::Analyst).await;
    let path = format!("/v1/admin/staff/{}", ada.id);
    let reads = async |path: &str| app.by(&ada, "GET", path).send().await.status;
    assert_eq!((reads("/v1/admin/orders").await, reads("/v1/admin/alerts").await), (200, 403));
    let tag = app.staff_get(&path).send().await.header("etag").to_owned();
    let changed = app.staff_patch(&path, json!({"role": "fulfilment"})).header("If-Match", &tag).send().await;
    assert_eq!(changed.expect(200)["role"], json!({"id": "fulfilment", "name": "Fulfilment"}));
    assert_eq!((reads("/v1/admin/orders").await, reads("/v1/admin/alerts").await), (200, 200));
    let stale = app.staff_patch(&path, json!({"role": "support"})).header("If-Match", &tag).send().await;
    stale.problem(412, "precondition_failed");
    // One's own name needs no scope; one's own role does.
    let own = |body: Value| app.by(&ada, "PATCH", &path).json(body).send();
    assert_eq!(own(json!({"name": "Ada"})).await.expect(200)["name"], "Ada");
    own(json!({"name": "Ada", "role": "owner"})).await.problem(403, "insufficient_scope");
    app.staff_patch(&path, json!({"status": "deactivated"})).send().await.expect(200);
    assert_eq!(app.session_status(&ada).await, 401);
    app.try_staff_log_in(&ada.email, PASSWORD).await.problem(401, "invalid_credentials");
    app.staff_patch(&path, json!({"status": "invited"})).send().await.problem(409, "wrong_status");
    app.staff_patch(&path, json!({"status": "active"})).send().await.expect(200);
    assert_eq!(app.session_status(&ada).await, 401, "the session of before stays ended");
    assert_eq!(app.session_status(&app.staff_log_in(&ada.email).await).await, 200);
    // Whoever never accepted is not made active so, but invited again.
    let invited = app.invite("new@shop.example", "support").await;
    let path = member(&invited["id"]);
    app.staff_patch(&path, json!({"status": "active"})).send().await.problem(409, "wrong_status");
    let link = app.mailed_token("staff_invitation", "new@shop.example").await;
    app.staff_patch(&path, json!({"status": "deactivated"})).send().await.expect(200);
    app.accept(&link).await.problem(422, "invalid_token");
    let again = app.staff_post(&format!("{path}/invitation"), json!({})).send().await.expect(200);
    assert_eq!(again["status"], "invited");
    app.accept(&app.mailed_token("staff_invitation", "new@shop.example").await).await.expect(201);
    app.finish().await;
}

/// A role that may change staff and keys, and little else, in every way that would make more of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_or_takes_what_they_do_not_have() {
    let app = TestApp::start().await;
    let owner = app.staff(BuiltInRole::Owner).await;
    let scopes = ["staff:read", "staff:write", "api_keys:read", "api_keys:write", "orders:read", "fulfillments:write"];
    let role = json!({"name": "Personnel", "scopes": scopes});
    let role = app.by(&owner, "POST", "/v1/admin/roles").json(role).send().await.expect(201);
    let eve = app.staff(BuiltInRole::Analyst).await;
    let eves = format!("/v1/admin/staff/{}", eve.id);
    app.by(&owner, "PATCH", &eves).json(json!({"role": role["id"]})).send().await.expect(200);
    let refused = async |method: &str, path: &str, body: Value, missing: &[&str]| {
        let call = app.by(&eve, method, path);
        let call = if body.is_null() { call } else { call.json(body) };
        let problem = call.send().await.problem(403, "insufficient_scope");
        assert_eq!(problem["missing_scopes"], json!(missing), "{method} {path}");
    };
    let fulfilment = ["products:read", "inventory:write", "alerts:read"];
    refused("POST", "/v1/admin/staff", json!({"email": "x@shop.example", "role": "fulfilment"}), &fulfilment).await;
    // Herself, by another role, or by her own.
    refused("PATCH", &eves, json!({"role": "fulfilment"}), &fulfilment).await;
    let own = format!("/v1/admin/roles/{}", role["id"].as_str().unwrap());
    refused("PATCH", &own, json!({"scopes": ["orders:read", "refunds:write"]}), &["refunds:write"]).await;
    refused("POST", "/v1/admin/roles", json!({"name": "R", "scopes": ["refunds:write"]}), &["refunds:write"]).await;
    // Others: taking needs what giving does.
    let missing: Vec<&str> =
        Scope::ALL.iter().map(|scope| scope.as_str()).filter(|scope| !scopes.contains(scope)).collect();
    let owners = format!("/v1/admin/staff/{}", owner.id);
    refused("PATCH", &owners, json!({"status": "deactivated"}), &missing).await;
    refused("PATCH", &owners, json!({"role": role["id"]}), &missing).await;
    // Nor kept out by other means, nor called by another's name.
    let session = app.by(&owner, "GET", &format!("{owners}/sessions")).send().await.expect(200)["data"][0].clone();
    let session = format!("{owners}/sessions/{}", session["id"].as_str().unwrap());
    refused("DELETE", &session, Value::Null, &missing).await;
    refused("PATCH", &owners, json!({"name": "Eve"}), &missing).await;
    app.by(&eve, "PATCH", &eves).json(json!({"name": "Eve"})).send().await.expect(200);
    let strong = json!({"name": "Refunds", "scopes": ["refunds:write"]});
    let strong = app.by(&owner, "POST", "/v1/admin/roles").json(strong).send().await.expect(201);
    let strong = format!("/v1/admin/roles/{}", strong["id"].as_str().unwrap());
    refused("PATCH", &strong, json!({"name": "Read only"}), &["refunds:write"]).await;
    refused("DELETE", &strong, Value::Null, &["refunds:write"]).await;
    let gone = app.staff(BuiltInRole::Manager).await;
    let gones = format!("/v1/admin/staff/{}", gone.id);
    app.staff_patch(&gones, json!({"status": "deactivated"})).send().await.expect(200);
    app.by(&eve, "PATCH", &gones).json(json!({"status": "active"})).send().await.problem(403, "insufficient_scope");
    app.by(&eve, "PATCH", &gones).json(json!({"role": "owner"})).send().await.problem(403, "insufficient_scope");
    let invited = app.invite("manager@shop.example", "manager").await;
    let invitation = format!("{}/invitation", member(&invited["id"]));
    app.by(&eve, "POST", &invitation).send().await.problem(403, "insufficient_scope");
    // Keys: made, kept alive, or read anew by rotation.
    refused("POST", "/v1/admin/api-keys", json!({"name": "K", "scopes": ["refunds:write"]}), &["refunds:write"]).await;
    let key = json!({"name": "K", "scopes": ["refunds:write", "orders:read"]});
    let key = app.staff_post("/v1/admin/api-keys", key).send().await.expect(201);
    let key = format!("/v1/admin/api-keys/{}", key["id"].as_str().unwrap());
    refused("PATCH", &key, json!({"expires_at": null}), &["refunds:write"]).await;
    refused("POST", &format!("{key}/rotate"), json!({"overlap_hours": 0}), &["refunds:write"]).await;
    refused("DELETE", &key, Value::Null, &["refunds:write"]).await;
    // A key is bound alike.
    let now = app.app.clock.now();
    let narrow = [Scope::StaffWrite, Scope::ApiKeysWrite];
    let (_, token) = api_keys::create(&mut app.database().await, "narrow", &narrow, now).await.unwrap();
    let call = app.post("/v1/admin/staff", json!({"email": "x@shop.example", "role": "owner"})).bearer(&token);
    call.send().await.problem(403, "insufficient_scope");
    // What she has, she gives.
    let small = json!({"name": "Packer", "scopes": ["fulfillments:write", "orders:read"]});
    let small = app.by(&eve, "POST", "/v1/admin/roles").json(small).send().await.expect(201);
    assert_eq!(small["scopes"], json!(["orders:read", "fulfillments:write"]), "in the usual order");
    let body = json!({"email": "packer@shop.example", "name": "Pat", "role": small["id"]});
    app.by(&eve, "POST", "/v1/admin/staff").json(body).send().await.expect(201);
    let key = json!({"name": "K", "scopes": ["orders:read"]});
    app.by(&eve, "POST", "/v1/admin/api-keys").json(key).send().await.expect(201);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_of_the_shop_s_own_hold_from_the_next_request_on() {
    let app = TestApp::start().await;
    let list = app.staff_get("/v1/admin/roles").send().await.expect(200);
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|role| role["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["owner", "manager", "fulfilment", "support", "analyst"]);
    assert_eq!(list["data"][0]["scopes"], json!(Scope::ALL.to_vec()));
    for (method, body) in [("PATCH", json!({"name": "King"})), ("DELETE", Value::Null)] {
        let call = app.call(method, "/v1/admin/roles/owner").bearer(&app.admin_key);
        let call = if body.is_null() { call } else { call.json(body) };
        call.send().await.problem(409, "built_in_role");
    }
    let create = |body: Value| app.staff_post("/v1/admin/roles", body).send();
    let made = create(json!({"name": "Warehouse", "description": "Nights", "scopes": ["orders:read", "orders:read"]}));
    let made = made.await.expect(201);
    assert_eq!(made["scopes"], json!(["orders:read"]));
    for name in ["warehouse", "OWNER"] {
        let taken = create(json!({"name": name, "scopes": ["orders:read"]})).await.problem(409, "duplicate");
        assert_eq!(taken["errors"][0]["pointer"], "/name");
    }
    let wrong = create(json!({"name": "X", "scopes": ["orders:read", "storefront"]})).await;
    assert_eq!(wrong.problem(422, "validation_failed")["errors"][0]["pointer"], "/scopes/1");
    let path = format!("/v1/admin/roles/{}", made["id"].as_str().unwrap());
    let ada = app.staff(BuiltInRole::Analyst).await;
    let change = json!({"role": made["id"]});
    app.staff_patch(&format!("/v1/admin/staff/{}", ada.id), change).send().await.expect(200);
    let shown = app.by(&ada, "GET", "/v1/admin/session").send().await.expect(200);
    assert_eq!(shown["staff"]["role"], json!({"id": made["id"], "name": "Warehouse"}));
    let reads = async |path: &str| app.by(&ada, "GET", path).send().await.status;
    assert_eq!((reads("/v1/admin/orders").await, reads("/v1/admin/products").await), (200, 403));
    let patched = app.staff_patch(&path, json!({"description": null, "scopes": ["products:read"]})).send().await;
    assert_eq!(patched.expect(200)["description"], Value::Null);
    assert_eq!((reads("/v1/admin/orders").await, reads("/v1/admin/products").await), (403, 200));
    // Of a version to come: it opens nothing, and breaks nothing.
    app.sql("UPDATE staff_roles SET scopes = '{products:read,moon:land}'").await;
    assert_eq!(reads("/v1/admin/products").await, 200);
    assert_eq!(app.staff_get(&path).send().await.expect(200)["scopes"], json!(["products:read"]));
    let delete = || app.staff_delete(&path).send();
    delete().await.problem(409, "role_in_use");
    app.staff_patch(&format!("/v1/admin/staff/{}", ada.id), json!({"role": "analyst"})).send().await.expect(200);
    delete().await.expect(204);
    app.staff_get(&path).send().await.problem(404, "not_found");
    let gone = app.staff_post("/v1/admin/staff", json!({"email": "x@shop.example", "role": made["id"]})).send().await;
    assert_eq!(gone.problem(422, "validation_failed")["errors"][0]["pointer"], "/role");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_active_owner_stays_one() {
    let app = TestApp::start().await;
    let one = app.staff(BuiltInRole::Owner).await;
    let path = |member: &StaffHandle| format!("/v1/admin/staff/{}", member.id);
    for change in [json!({"role": "manager"}), json!({"status": "deactivated"})] {
        app.by(&one, "PATCH", &path(&one)).json(change.clone()).send().await.problem(409, "last_owner");
        app.staff_patch(&path(&one), change).send().await.problem(409, "last_owner");
    }
    assert_eq!(app.command(&["staff", "deactivate", &one.email]).await.0, 1);
    app.by(&one, "PATCH", &path(&one)).json(json!({"name": "Olivia", "role": "owner"})).send().await.expect(200);
    // One who only waits is none.
    app.invite("invited@shop.example", "owner").await;
    app.staff_patch(&path(&one), json!({"role": "manager"})).send().await.problem(409, "last_owner");
    // Two who demote each other at once: one finds the other gone.
    let two = app.staff(BuiltInRole::Owner).await;
    let demote =
        |by: &StaffHandle, whom: &StaffHandle| app.by(by, "PATCH", &path(whom)).json(json!({"role": "manager"})).send();
    let (first, second) = tokio::join!(demote(&one, &two), demote(&two, &one));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && [403, 409].contains(&statuses[1]), "{statuses:?}");
    let owners = "SELECT count(*) FROM staff_members WHERE built_in_role = 'owner' AND status = 'active'";
    assert_eq!(app.count(owners).await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_makes_the_first_owner_and_ends_a_member() {
    let app = TestApp::start().await;
    let create = ["staff", "create", "--email", "Olivia@Shop.Example", "--name", "Olivia", "--role"];
    let (code, link) = app.command(&[&create[..], &["owner"]].concat()).await;
    assert_eq!(code, 0, "{link}");
    let token = link.trim().split_once("/admin/accept#token=").unwrap().1.to_owned();
    let body = json!({"token": token, "password": PASSWORD});
    let owner = StaffHandle::new(app.post("/v1/admin/staff-invitations/accept", body).send().await);
    assert_eq!(app.session_status(&owner).await, 200);
    assert_eq!(app.command(&[&create[..], &["owner"]].concat()).await.0, 1, "the address is a member's already");
    assert_eq!(app.command(&[&create[..], &["king"]].concat()).await.0, 2, "there is no such role");
    let ada = app.staff(BuiltInRole::Support).await;
    let (_, list) = app.command(&["staff", "list"]).await;
    for line in [
        format!("{} Olivia@shop.example active owner Olivia", owner.id),
        format!("{} {} active support Grace", ada.id, ada.email),
    ] {
        assert!(list.lines().any(|given| given == line), "{line} is not in {list}");
    }
    assert_eq!(app.command(&["staff", "deactivate", &ada.email.to_uppercase()]).await.0, 0);
    assert_eq!(app.session_status(&ada).await, 401);
    assert_eq!(app.command(&["staff", "deactivate", "nobody@shop.example"]).await.0, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_finds_a_shop_without_owner_and_whoever_is_in_though_deactivated() {
    let app = TestApp::start().await;
    let ada = app.staff(BuiltInRole::Support).await;
    let found = async || {
        let mut found: Vec<&str> = app.findings().await.iter().map(|finding| finding.invariant).collect();
        found.dedup();
        found
    };
    assert_eq!(found().await, Vec::<&str>::new());
    app.sql("UPDATE staff_members SET built_in_role = 'manager' WHERE built_in_role = 'owner'").await;
    app.sql(&format!("UPDATE staff_members SET status = 'deactivated' WHERE email = '{}'", ada.email)).await;
    assert_eq!(found().await, ["10 somebody owns the shop", "10 who was deactivated is out"]);
    assert_eq!(app.session_status(&ada).await, 401, "all the same");
    app.sql("UPDATE staff_members SET built_in_role = 'owner' WHERE status = 'active'").await;
    app.sql("UPDATE staff_sessions SET ended_at = now()").await;
    app.finish().await;
}

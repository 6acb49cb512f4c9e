//! T40: every route for every role and every relation to what it works on, against `output/access-matrix.tsv`.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use api::{Entrance, Route};
use engine::access::{Enrolment, Opened, Role, User};
use ports::TenantId;
use serde_json::json;
use support::{Shows, World, fill, hold};

const CASES: [&str; 8] =
    ["own", "other", "foreign", "stray_child", "none", "expired", "revoked", "read_token"];

/// Somebody with a session or token of every sort.
struct Person {
    user: User,
    shows: Shows,
    expired: Shows,
    revoked: Shows,
    read_token: Shows,
    session: String,
    token: String,
}

impl Person {
    fn values(&self) -> [(&'static str, String); 3] {
        let user = self.user.id.to_string();
        [("user", user), ("session", self.session.clone()), ("token", self.token.clone())]
    }
}

/// Somebody on the way there.
struct Draft {
    role: Role,
    tenant: TenantId,
    user: User,
    enrolment: Option<Enrolment>,
    first: Option<Opened>,
    expired_token: String,
}

async fn draft(world: &World, tenant: &TenantId, role: Role) -> Draft {
    let user = world.user(tenant, &format!("{}-user", role.name()), &[role]).await;
    let (mut first, mut enrolment) = (None, None);
    let mut expired_token = String::new();
    if role == Role::Service {
        let operator = world.operator::<engine::access::permits::UserWrite>(tenant);
        let token = world.token(operator.caller(), &user, role.may().iter().copied(), 1).await;
        token.secret.expose().clone_into(&mut expired_token);
    } else {
        let mut opened = world.login(tenant, &user.name, None).await;
        if role.needs_mfa() {
            let (made, again) = world.enrol(&opened).await;
            (enrolment, opened) = (Some(made), again);
        }
        first = Some(opened);
    }
    Draft { role, tenant: tenant.clone(), user, enrolment, first, expired_token }
}

async fn finish(world: &World, draft: Draft, opened: Option<(Opened, Opened)>) -> Person {
    let Draft { role, tenant, user, first, expired_token, .. } = draft;
    let caller = match &opened {
        Some((opened, _)) => world.caller(opened).await,
        None => world.operator::<engine::access::permits::UserWrite>(&tenant).caller().clone(),
    };
    let rights = || role.may().iter().copied();
    let revoked = world.token(&caller, &user, rights(), 1).await;
    let auth = caller.authorize().unwrap();
    let target = world.access.user_token(&caller, user.id, revoked.token.id).await.unwrap();
    world.access.revoke_token(&auth, &target).await.unwrap();
    let child = world.token(&caller, &user, rights(), 1).await;
    let reading = rights().filter(|right| right.is_read());
    let read_token = world.token(&caller, &user, reading, 1).await;
    let session = opened.as_ref().map_or_else(|| child.token.id, |(_, second)| second.session.id);
    let token = |secret: &engine::secrets::SecretText| Shows::Token(secret.expose().to_owned());
    Person {
        shows: opened.map_or_else(
            || token(&child.secret),
            |(opened, _)| Shows::Cookie(opened.secret.expose().to_owned()),
        ),
        expired: first.map_or(Shows::Token(expired_token), |first| {
            Shows::Cookie(first.secret.expose().to_owned())
        }),
        revoked: token(&revoked.secret),
        read_token: token(&read_token.secret),
        session: session.to_string(),
        token: child.token.id.to_string(),
        user,
    }
}

/// One person for each role, another of the same tenant, one of another tenant.
async fn people(world: &World) -> (Vec<(Role, Person)>, Person, Person) {
    let (main, acme) = (TenantId::main(), TenantId::try_from("acme".to_owned()).unwrap());
    let mut drafts = Vec::new();
    for role in Role::ALL {
        drafts.push(draft(world, &main, *role).await);
    }
    let other = world.user(&main, "other", &[Role::Analyst]).await;
    let first = Some(world.login(&main, "other", None).await);
    let (expired_token, enrolment, tenant) = (String::new(), None, main.clone());
    drafts.push(Draft {
        role: Role::Analyst,
        tenant,
        user: other,
        enrolment,
        first,
        expired_token,
    });
    drafts.push(draft(world, &acme, Role::Analyst).await);
    world.pass(2 * 24 * 60 * 60);
    let mut rounds: Vec<Vec<Option<Opened>>> = Vec::new();
    for _ in 0..2 {
        let mut opened = Vec::new();
        for draft in &drafts {
            let login = || world.login(&draft.tenant, &draft.user.name, draft.enrolment.as_ref());
            opened.push(if draft.role == Role::Service { None } else { Some(login().await) });
        }
        rounds.push(opened);
        world.pass(30);
    }
    let (second, first) = (rounds.pop().unwrap(), rounds.pop().unwrap());
    let mut people = Vec::new();
    for ((draft, first), second) in drafts.into_iter().zip(first).zip(second) {
        people.push((draft.role, finish(world, draft, first.zip(second)).await));
    }
    let foreign = people.pop().unwrap().1;
    let other = people.pop().unwrap().1;
    (people, other, foreign)
}

async fn cell(
    world: &World,
    route: &Route,
    case: &str,
    person: &Person,
    others: (&Person, &Person),
) -> String {
    let (other, foreign) = others;
    let has_place = route.path.contains('{');
    let has_child = route.path.contains("{session}") || route.path.contains("{token}");
    let mut values = person.values();
    match case {
        "other" if has_place => values = other.values(),
        "foreign" if has_place => values = foreign.values(),
        "stray_child" if has_child => {
            let [_, session, token] = other.values();
            (values[1], values[2]) = (session, token);
        }
        "other" | "foreign" | "stray_child" => return "-".to_owned(),
        _ => {}
    }
    let shows = match case {
        "none" => &Shows::Nothing,
        "expired" => &person.expired,
        "revoked" => &person.revoked,
        "read_token" => &person.read_token,
        _ => &person.shows,
    };
    // An empty object is refused by what the route wants in it: after everything that is tested here.
    let body = route.request.is_some().then(|| json!({}));
    let path = fill(route.path, &values);
    let answer = world.send(route.method.as_str(), &path, shows, body.as_ref()).await;
    answer.status.as_u16().to_string()
}

/// What must hold whatever the file says.
fn check(route: &Route, role: Role, case: &str, status: &str) {
    let Entrance::Permission(permission) = route.entrance else { return };
    let place = format!("{route:?} {} {case}: {status}", role.name());
    match case {
        "none" | "expired" | "revoked" => assert_eq!(status, "401", "{place}"),
        "foreign" | "stray_child" => assert!(["404", "403", "-"].contains(&status), "{place}"),
        "read_token" if !permission.is_read() => assert_eq!(status, "403", "{place}"),
        _ if !role.may().contains(&permission) => {
            assert!(["403", "-"].contains(&status), "{place}");
        }
        _ => assert_ne!(status, "401", "{place}"),
    }
}

#[tokio::test]
async fn every_route_for_every_role_and_relation() {
    let world = World::new().await;
    let (people, other, foreign) = people(&world).await;
    let mut routes = api::routes();
    // Logging out ends the sessions that the others need.
    routes.sort_by_key(|route| route.audit == Some("session.delete") && !route.path.contains('{'));
    let mut rows = vec![];
    let mut covered = BTreeSet::new();
    for route in &routes {
        for (role, person) in &people {
            let mut row = format!("{}\t{}\t{}", route.method, route.path, role.name());
            for case in CASES {
                let status = cell(&world, route, case, person, (&other, &foreign)).await;
                check(route, *role, case, &status);
                write!(row, "\t{status}").unwrap();
            }
            rows.push(row);
        }
        covered.insert((route.method.to_string(), route.path));
    }
    rows.sort();
    let head = format!("method\tpath\trole\t{}", CASES.join("\t"));
    hold("access-matrix.tsv", &format!("{head}\n{}\n", rows.join("\n")));
    let is_covered = |route: &Route| covered.contains(&(route.method.to_string(), route.path));
    let uncovered: String = api::routes()
        .iter()
        .filter(|route| !is_covered(route))
        .map(|route| [route.method.as_str(), " ", route.path, "\n"].concat())
        .collect();
    hold("unauthorized-uncovered.txt", &uncovered);
    assert_eq!(uncovered, "");
}

//! An installation in memory behind its router, with people to ask it.
#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use api::{ApiConfig, AppState};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use engine::access::{
    Access, Authorized, Caller, Credential, Enrolment, Login, NewToken, NewUser, Opened, Parts,
    Permission, Permits, Role, ShownToken, User,
};
use engine::audit::Signer;
use engine::secrets::{MasterKey, SecretText};
use ports::memory::{ManualClock, MemoryState};
use ports::{Clock, TenantId};
use serde_json::Value;
use totp_rs::{Builder, Secret};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "four sane words here";
const MASTER: [u8; 32] = [9; 32];
const NEAR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) fn secret(text: &str) -> SecretText {
    SecretText::from(text.to_owned())
}

/// What a request shows.
#[derive(Debug, Clone)]
pub(crate) enum Shows {
    Nothing,
    Cookie(String),
    Token(String),
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The session cookie that it sets.
    pub(crate) fn cookie(&self) -> Option<String> {
        let line = self.headers.get("set-cookie")?.to_str().unwrap();
        Some(line.strip_prefix("__Host-wardroom=")?.split(';').next().unwrap().to_owned())
    }

    /// The short name of a problem.
    pub(crate) fn code(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.rsplit(':').next().unwrap_or_default().to_owned()
    }
}

pub(crate) struct World {
    pub(crate) state: Arc<MemoryState>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) access: Arc<Access>,
    pub(crate) router: Router,
    peers: AtomicU32,
}

impl World {
    /// Not set up.
    pub(crate) fn bare() -> Self {
        let state = Arc::new(MemoryState::default());
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let parts = Parts {
            state: state.clone(),
            clock: clock.clone(),
            master: MasterKey::new(&MASTER).unwrap(),
            signer: Signer::new(&[3; 32]).unwrap(),
            witnesses: vec![],
        };
        let access = Arc::new(Access::new(parts).unwrap());
        let state_of_api = AppState::new(access.clone(), ApiConfig::default(), vec![]);
        let router = api::router(state_of_api);
        Self { state, clock, access, router, peers: AtomicU32::new(0) }
    }

    /// Set up, with a first admin that no test uses.
    pub(crate) async fn new() -> Self {
        let world = Self::bare();
        let token = world.access.begin_setup().await.unwrap().unwrap();
        let first = engine::access::FirstUser {
            name: "founder".to_owned(),
            password: secret(PASSWORD),
            is_one_person: false,
        };
        world.access.finish_setup(&token, first, NEAR).await.unwrap();
        world
    }

    pub(crate) fn operator<P: Permits>(&self, tenant: &TenantId) -> Authorized<P> {
        let key = MasterKey::new(&MASTER).unwrap();
        self.access.operator(tenant.clone(), &key).unwrap().authorize().unwrap()
    }

    pub(crate) async fn user(&self, tenant: &TenantId, name: &str, roles: &[Role]) -> User {
        let is_service = roles.contains(&Role::Service);
        let new = NewUser {
            name: name.to_owned(),
            roles: roles.iter().copied().collect(),
            denied: BTreeSet::new(),
            password: (!is_service).then(|| secret(PASSWORD)),
        };
        self.access.create_user(&self.operator(tenant), new).await.unwrap()
    }

    pub(crate) async fn login(
        &self,
        tenant: &TenantId,
        name: &str,
        enrolment: Option<&Enrolment>,
    ) -> Opened {
        let code = enrolment.map(|enrolment| secret(&self.code(enrolment.seed.expose())));
        let (tenant, name) = (tenant.clone(), name.to_owned());
        let login = Login { tenant, name, password: secret(PASSWORD), code, from: NEAR };
        self.access.login(login).await.unwrap()
    }

    pub(crate) async fn caller(&self, opened: &Opened) -> Caller {
        let credential = Credential::Session(opened.secret.expose());
        self.access.authenticate(credential, NEAR).await.unwrap()
    }

    pub(crate) async fn enrol(&self, opened: &Opened) -> (Enrolment, Opened) {
        let caller = self.caller(opened).await;
        let auth = caller.authorize().unwrap();
        let own = self.access.own_user(&caller, opened.user.id).await.unwrap();
        let enrolment = self.access.enrol_totp(&auth, &own).await.unwrap();
        let own = self.access.own_user(&caller, opened.user.id).await.unwrap();
        let code = secret(&self.code(enrolment.seed.expose()));
        let opened = self.access.confirm_totp(&auth, &own, &code).await.unwrap();
        (enrolment, opened)
    }

    pub(crate) async fn token(
        &self,
        caller: &Caller,
        owner: &User,
        scopes: impl IntoIterator<Item = Permission>,
        days: u32,
    ) -> ShownToken {
        let owner = self.access.token_owner(caller, owner.id).await.unwrap();
        let scopes = scopes.into_iter().collect();
        let new = NewToken { name: "token".to_owned(), scopes, days, networks: vec![] };
        self.access.create_token(&caller.authorize().unwrap(), &owner, new).await.unwrap()
    }

    /// The code that a phone with this seed shows now.
    pub(crate) fn code(&self, seed: &str) -> String {
        let seed = Secret::try_from_base32(seed).unwrap();
        let totp = Builder::new().with_secret(seed).build().unwrap();
        totp.generate((self.clock.now().0 / 1000) as u64).to_string()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.pass(Duration::from_secs(seconds));
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        shows: &Shows,
        body: Option<&Value>,
    ) -> Answer {
        let mut headers = vec![("x-wardroom-request", "1".to_owned())];
        match shows {
            Shows::Nothing => {}
            Shows::Cookie(secret) => headers.push(("cookie", format!("__Host-wardroom={secret}"))),
            Shows::Token(token) => headers.push(("authorization", format!("Bearer {token}"))),
        }
        let body = body.map(|body| {
            headers.push(("content-type", "application/json".to_owned()));
            body.to_string()
        });
        self.raw(method, path, &headers, body.unwrap_or_default()).await
    }

    /// A request with exactly these headers and a host; each from another address.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: String,
    ) -> Answer {
        let peer = Ipv4Addr::from(0x0a00_0000 + self.peers.fetch_add(1, Ordering::SeqCst));
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost:8443");
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 1))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

/// A path with its placeholders filled.
pub(crate) fn fill(path: &str, values: &[(&str, String)]) -> String {
    values
        .iter()
        .fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

/// Compares with a file of the repository, or rewrites it when `UPDATE` is set.
#[expect(clippy::print_stderr, reason = "says which file was rewritten")]
pub(crate) fn hold(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/output").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
        eprintln!("rewrote {}", path.display());
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = known.lines().zip(text.lines()).find(|(known, now)| known != now);
    assert!(
        known == text,
        "{name} is not what it was (UPDATE=1 rewrites it, then look at the difference); first: {differs:?}"
    );
}

//! An installation in memory with its clock.
#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use engine::access::{
    Access, Authorized, Caller, Credential, Enrolment, Login, NewUser, Opened, Parts, Permits,
    Refusal, Role, User,
};
use engine::audit::Signer;
use engine::secrets::{MasterKey, SecretText};
use ports::TenantId;
use ports::memory::{ManualClock, MemoryState};
use totp_rs::{Builder, Secret};

pub(crate) const PASSWORD: &str = "four sane words here";
pub(crate) const NEAR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const MASTER: [u8; 32] = [9; 32];

pub(crate) struct World {
    pub(crate) state: Arc<MemoryState>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) access: Arc<Access>,
}

pub(crate) fn secret(text: &str) -> SecretText {
    SecretText::from(text.to_owned())
}

/// A process over a state.
pub(crate) fn process(state: &Arc<MemoryState>, clock: &Arc<ManualClock>) -> Arc<Access> {
    let parts = Parts {
        state: state.clone(),
        clock: clock.clone(),
        master: MasterKey::new(&MASTER).unwrap(),
        signer: Signer::new(&[3; 32]).unwrap(),
        witnesses: vec![],
    };
    Arc::new(Access::new(parts).unwrap())
}

impl World {
    pub(crate) fn new() -> Self {
        let state = Arc::new(MemoryState::default());
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let access = process(&state, &clock);
        Self { state, clock, access }
    }

    pub(crate) fn operator<P: Permits>(&self) -> Authorized<P> {
        let key = MasterKey::new(&MASTER).unwrap();
        self.access.operator(TenantId::main(), &key).unwrap().authorize().unwrap()
    }

    pub(crate) async fn user(&self, name: &str, roles: &[Role]) -> User {
        let is_service = roles.contains(&Role::Service);
        let new = NewUser {
            name: name.to_owned(),
            roles: roles.iter().copied().collect(),
            denied: BTreeSet::new(),
            password: (!is_service).then(|| secret(PASSWORD)),
        };
        self.access.create_user(&self.operator(), new).await.unwrap()
    }

    pub(crate) async fn login(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<Opened, Refusal> {
        let login = Login {
            tenant: TenantId::main(),
            name: name.to_owned(),
            password: secret(password),
            code: code.map(secret),
            from: NEAR,
        };
        self.access.login(login).await
    }

    pub(crate) async fn caller(&self, opened: &Opened) -> Result<Caller, Refusal> {
        self.access.authenticate(Credential::Session(opened.secret.expose()), NEAR).await
    }

    /// The code that a phone shows now.
    pub(crate) fn code(&self, enrolment: &Enrolment) -> String {
        use ports::Clock;
        let seed = Secret::try_from_base32(enrolment.seed.expose()).unwrap();
        let totp = Builder::new().with_secret(seed).build().unwrap();
        totp.generate((self.clock.now().0 / 1000) as u64).to_string()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.pass(Duration::from_secs(seconds));
    }
}

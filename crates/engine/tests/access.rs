//! Users, logins, sessions, tokens, codes and first start over a state in memory (T10, T47, T48, T53).
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::collections::BTreeSet;

use engine::access::{
    ACCOUNT_LIMIT, Credential, FirstUser, NewToken, PAIR_LIMIT, Permission, Refusal, Role,
    UserChange, permits,
};
use engine::secrets::MasterKey;
use ports::memory::ManualClock;
use ports::{State, TenantId};
use support::{NEAR, PASSWORD, World, process, secret};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_500_wrong_logins_at_once_exactly_as_many_get_through_as_may() {
    let world = World::new();
    world.user("ada", &[Role::Viewer]).await;
    let second = process(&world.state, &world.clock);
    let mut tasks = Vec::new();
    for index in 0..500 {
        let access = if index % 2 == 0 { world.access.clone() } else { second.clone() };
        tasks.push(tokio::spawn(async move {
            let login = engine::access::Login {
                tenant: TenantId::main(),
                name: "ada".to_owned(),
                password: secret("wrong"),
                code: None,
                from: NEAR,
            };
            access.login(login).await.unwrap_err()
        }));
    }
    let mut answers = std::collections::BTreeMap::<&str, u32>::new();
    for task in tasks {
        *answers.entry(task.await.unwrap().code()).or_default() += 1;
    }
    assert_eq!(answers["bad-login"], PAIR_LIMIT, "{answers:?}");
    assert_eq!(answers["throttled"], 500 - PAIR_LIMIT, "{answers:?}");
    let checks = world.access.password_checks() + second.password_checks();
    assert_eq!(checks, u64::from(PAIR_LIMIT));
    assert_eq!(world.login("ada", PASSWORD, None).await.unwrap_err().code(), "throttled");
    world.pass(15 * 60);
    assert!(world.login("ada", PASSWORD, None).await.is_ok());
}

#[tokio::test]
async fn an_account_is_guarded_from_many_places_and_success_is_not_counted() {
    let world = World::new();
    world.user("ada", &[Role::Viewer]).await;
    for _ in 0..PAIR_LIMIT * 2 {
        world.login("ada", PASSWORD, None).await.unwrap();
    }
    let from = |place: u32| engine::access::Login {
        tenant: TenantId::main(),
        name: "ADA".to_owned(),
        password: secret("wrong"),
        code: None,
        from: std::net::Ipv4Addr::from(0x0a00_0000 + place).into(),
    };
    let mut through = 0;
    for place in 0..ACCOUNT_LIMIT + 10 {
        through +=
            u32::from(world.access.login(from(place)).await.unwrap_err() == Refusal::BadLogin);
    }
    assert_eq!(through, ACCOUNT_LIMIT);
}

#[tokio::test]
async fn whoever_is_unknown_costs_the_same_and_gets_the_same_answer() {
    let world = World::new();
    world.user("ada", &[Role::Viewer]).await;
    world.user("robot", &[Role::Service]).await;
    let gone = world.user("gone", &[Role::Viewer]).await;
    let auth = world.operator::<permits::UserWrite>();
    let target = world.access.any_user(auth.caller(), gone.id).await.unwrap();
    let change = UserChange { is_active: Some(false), ..UserChange::default() };
    world.access.change_user(&auth, &target, change).await.unwrap();
    let mut costs = BTreeSet::new();
    for (name, password) in [
        ("ada", "wrong"),
        ("nobody", "wrong"),
        ("robot", ""),
        ("gone", PASSWORD),
        ("gone", "wrong"),
    ] {
        let (checks, reads) = (world.access.password_checks(), world.state.reads());
        assert_eq!(
            world.login(name, password, None).await.unwrap_err(),
            Refusal::BadLogin,
            "{name}"
        );
        costs.insert((world.access.password_checks() - checks, world.state.reads() - reads));
    }
    assert_eq!(costs.len(), 1, "password checks and reads of the state: {costs:?}");
    assert_eq!(costs.first().unwrap().0, 1);
}

#[tokio::test]
async fn a_code_counts_once_and_roles_that_need_one_wait_for_it() {
    let world = World::new();
    let user = world.user("ada", &[Role::Admin]).await;
    let first = world.login("ada", PASSWORD, None).await.unwrap();
    let caller = world.caller(&first).await.unwrap();
    assert!(caller.is_limited());
    assert_eq!(caller.authorize::<permits::UserWrite>().unwrap_err(), Refusal::MfaNeeded);
    let auth = caller.authorize::<permits::AccountWrite>().unwrap();
    let own = world.access.own_user(&caller, user.id).await.unwrap();
    let enrolment = world.access.enrol_totp(&auth, &own).await.unwrap();
    let own = world.access.own_user(&caller, user.id).await.unwrap();
    let wrong = world.access.confirm_totp(&auth, &own, &secret("000000")).await.unwrap_err();
    assert_eq!(wrong.code(), "invalid");
    let code = world.code(&enrolment);
    let opened = world.access.confirm_totp(&auth, &own, &secret(&code)).await.unwrap();
    assert_eq!(world.caller(&first).await.unwrap_err(), Refusal::NotAuthenticated);
    let caller = world.caller(&opened).await.unwrap();
    assert!(caller.authorize::<permits::UserWrite>().is_ok());

    assert_eq!(world.login("ada", PASSWORD, Some(&code)).await.unwrap_err(), Refusal::BadLogin);
    assert_eq!(world.login("ada", PASSWORD, None).await.unwrap_err(), Refusal::BadLogin);
    world.pass(30);
    let code = world.code(&enrolment);
    let both = tokio::join!(
        world.login("ada", PASSWORD, Some(&code)),
        world.login("ada", PASSWORD, Some(&code))
    );
    assert_eq!(u8::from(both.0.is_ok()) + u8::from(both.1.is_ok()), 1, "one of two wins");
    assert_eq!(world.login("ada", PASSWORD, Some(&code)).await.unwrap_err(), Refusal::BadLogin);
    let stored = world.state.dump();
    assert!(!stored.contains(enrolment.seed.expose()) && !stored.contains(PASSWORD));
    assert!(!stored.contains(opened.secret.expose()));
}

#[tokio::test]
async fn sessions_end_idle_and_after_twelve_hours_whatever_the_clock_says() {
    let world = World::new();
    world.user("ada", &[Role::Viewer]).await;
    let idle = world.login("ada", PASSWORD, None).await.unwrap();
    world.pass(29 * 60);
    world.caller(&idle).await.unwrap();
    world.clock.set(0);
    world.pass(29 * 60);
    world.caller(&idle).await.unwrap();
    world.pass(30 * 60);
    assert_eq!(world.caller(&idle).await.unwrap_err(), Refusal::NotAuthenticated);

    let busy = world.login("ada", PASSWORD, None).await.unwrap();
    world.clock.set(4_000_000_000_000);
    for _ in 0..12 * 6 - 1 {
        world.pass(10 * 60);
        world.caller(&busy).await.unwrap();
    }
    world.pass(10 * 60);
    assert_eq!(world.caller(&busy).await.unwrap_err(), Refusal::NotAuthenticated);
}

#[tokio::test]
async fn a_start_with_the_clock_set_back_prolongs_no_session_and_no_token() {
    let world = World::new();
    let user = world.user("ada", &[Role::Viewer]).await;
    let opened = world.login("ada", PASSWORD, None).await.unwrap();
    let caller = world.caller(&opened).await.unwrap();
    let auth = caller.authorize::<permits::AccountWrite>().unwrap();
    let owner = world.access.token_owner(&caller, user.id).await.unwrap();
    let new = NewToken {
        name: "t".to_owned(),
        scopes: [Permission::AccountRead].into(),
        days: 1,
        networks: vec![],
    };
    let token = world.access.create_token(&auth, &owner, new).await.unwrap();
    let back = std::sync::Arc::new(ManualClock::at(1_700_000_000_000 - 3_600_000));
    let restarted = process(&world.state, &back);
    for credential in
        [Credential::Session(opened.secret.expose()), Credential::Token(token.secret.expose())]
    {
        let answer = restarted.authenticate(credential, NEAR).await.unwrap_err();
        assert_eq!(answer, Refusal::NotAuthenticated);
    }
}

#[tokio::test]
async fn a_token_does_what_its_scopes_and_its_owner_allow_where_it_may_come_from() {
    let world = World::new();
    let user = world.user("ada", &[Role::Analyst]).await;
    let opened = world.login("ada", PASSWORD, None).await.unwrap();
    let caller = world.caller(&opened).await.unwrap();
    let auth = caller.authorize::<permits::AccountWrite>().unwrap();
    let owner = world.access.token_owner(&caller, user.id).await.unwrap();
    let new = |scopes: &[Permission], days: u32| NewToken {
        name: "shipper".to_owned(),
        scopes: scopes.iter().copied().collect(),
        days,
        networks: vec!["10.0.0.0/8".parse().unwrap()],
    };
    let scopes = [Permission::EventRead, Permission::CaseWrite];
    for (new, code) in [
        (new(&[Permission::UserWrite], 1), "forbidden"),
        (new(&scopes, 91), "invalid"),
        (new(&scopes, 0), "invalid"),
        (new(&[], 1), "invalid"),
    ] {
        let refusal = world.access.create_token(&auth, &owner, new).await.unwrap_err();
        assert_eq!(refusal.code(), code);
    }
    let shown = world.access.create_token(&auth, &owner, new(&scopes, 90)).await.unwrap();
    assert!(shown.secret.expose().starts_with("wr_main_"));
    assert!(!world.state.dump().contains(shown.secret.expose()));
    let credential = Credential::Token(shown.secret.expose());
    let inside = "10.1.2.3".parse().unwrap();
    assert!(world.access.authenticate(credential, NEAR).await.is_err());
    let holder = world.access.authenticate(credential, inside).await.unwrap();
    assert_eq!(holder.rights(), &scopes.into_iter().collect());
    assert_eq!(world.access.prove_fresh(&holder).unwrap_err(), Refusal::StepUpNeeded);

    let operator = world.operator::<permits::UserWrite>();
    let target = world.access.any_user(operator.caller(), user.id).await.unwrap();
    let change = UserChange { roles: Some([Role::Hunter].into()), ..UserChange::default() };
    world.access.change_user(&operator, &target, change).await.unwrap();
    let holder = world.access.authenticate(credential, inside).await.unwrap();
    assert_eq!(holder.rights(), &[Permission::EventRead].into());
    let change =
        UserChange { password: Some(secret("other sane words here")), ..UserChange::default() };
    world.access.change_user(&operator, &target, change).await.unwrap();
    assert!(world.access.authenticate(credential, inside).await.is_err());
    assert_eq!(world.caller(&opened).await.unwrap_err(), Refusal::NotAuthenticated);
}

#[tokio::test]
async fn the_last_admin_stays_even_when_two_remove_each_other_at_once() {
    let world = World::new();
    let (ada, bob) =
        (world.user("ada", &[Role::Admin]).await, world.user("bob", &[Role::Admin]).await);
    let auth = world.operator::<permits::UserWrite>();
    let first = world.access.any_user(auth.caller(), ada.id).await.unwrap();
    let second = world.access.any_user(auth.caller(), bob.id).await.unwrap();
    let change = || UserChange { roles: Some([Role::Viewer].into()), ..UserChange::default() };
    let both = tokio::join!(
        world.access.change_user(&auth, &first, change()),
        world.access.change_user(&auth, &second, change())
    );
    let refused: Vec<_> = [both.0, both.1].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, [Refusal::LastAdmin]);
}

#[tokio::test]
async fn the_setup_token_works_once_within_thirty_minutes() {
    let world = World::new();
    let first =
        || FirstUser { name: "ada".to_owned(), password: secret(PASSWORD), is_one_person: false };
    let token = world.access.begin_setup().await.unwrap().unwrap();
    assert_eq!(token.expose().len(), 32);
    assert!(!world.state.dump().contains(token.expose()));
    let finish =
        async |token: String| world.access.finish_setup(&token.into(), first(), NEAR).await;
    assert_eq!(finish("0".repeat(32)).await.unwrap_err(), Refusal::SetupToken);
    world.pass(30 * 60);
    assert_eq!(finish(token.expose().to_owned()).await.unwrap_err(), Refusal::SetupToken);
    let replaced = world.access.begin_setup().await.unwrap().unwrap();
    let token = world.access.begin_setup().await.unwrap().unwrap();
    assert_eq!(finish(replaced.expose().to_owned()).await.unwrap_err(), Refusal::SetupToken);
    let both = tokio::join!(finish(token.expose().to_owned()), finish(token.expose().to_owned()));
    assert_eq!(u8::from(both.0.is_ok()) + u8::from(both.1.is_ok()), 1, "one of two wins");
    assert_eq!(finish(token.expose().to_owned()).await.unwrap_err(), Refusal::SetUpAlready);
    assert!(world.access.begin_setup().await.unwrap().is_none());
    assert!(world.access.is_set_up().await.unwrap());
}

#[tokio::test]
async fn without_the_audit_log_nothing_changes_and_reading_goes_on() {
    let world = World::new();
    world.user("ada", &[Role::Auditor]).await;
    let opened = world.login("ada", PASSWORD, None).await.unwrap();
    world.state.set_audit_down(true);
    let before = world.state.list(&TenantId::main(), "user", None, 10).await.unwrap();
    let new = engine::access::NewUser {
        name: "bob".to_owned(),
        roles: [Role::Viewer].into(),
        denied: BTreeSet::new(),
        password: Some(secret(PASSWORD)),
    };
    let refusal = world.access.create_user(&world.operator(), new).await.unwrap_err();
    assert_eq!(refusal.code(), "audit-unavailable");
    assert_eq!(world.login("ada", PASSWORD, None).await.unwrap_err().code(), "audit-unavailable");
    assert_eq!(world.state.list(&TenantId::main(), "user", None, 10).await.unwrap(), before);
    let auth = world.caller(&opened).await.unwrap().authorize::<permits::AuditRead>().unwrap();
    let entries = world.access.audit(&auth, 0, 100).await.unwrap();
    let results: Vec<&str> = entries.iter().map(|entry| entry.result.as_str()).collect();
    assert_eq!(results, ["intent", "done", "intent", "done"]);
    world.state.set_audit_down(false);
    assert!(world.access.audit_verify(&auth, &[]).await.unwrap().is_whole());
}

#[test]
fn only_the_holder_of_the_master_key_is_the_operator() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let world = World::new();
        let other = MasterKey::new(&[8; 32]).unwrap();
        let refusal = world.access.operator(TenantId::main(), &other).unwrap_err();
        assert_eq!(refusal, Refusal::NotAuthenticated);
    });
}

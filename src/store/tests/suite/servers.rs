//! Databases on servers that cannot be used: each fault says which database it is, without its password, and what to do.

use std::path::Path;

use chrysalis_test_postgres::Database;
use sqlx::Connection;
use store::Store;
use url::Url;

use crate::bench::realm;

const PASSWORD: &str = "hunter2";

/// What is said, and whether it may pass without anybody's doing.
async fn fault(url: &Url) -> (String, bool) {
    let fault = Store::open(url.as_str(), Path::new("/"), realm(), [].into()).await.unwrap_err();
    let may_pass = fault.may_pass();
    let fault = fault.to_string();
    let password = url.password().unwrap();
    assert!(fault.contains(url.path()) && !fault.contains(password), "{fault}");
    (fault, may_pass)
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_said_with_its_mend() {
    let database = Database::new().await;
    let url: Url = database.url().parse().unwrap();

    let mut wrong = url.clone();
    wrong.set_password(Some(PASSWORD)).unwrap();
    let (refused, may_pass) = fault(&wrong).await;
    assert!(
        !may_pass && refused.contains("password authentication failed") && refused.contains("lets this user in"),
        "{refused}"
    );

    let mut missing = url.clone();
    missing.set_path("nowhere");
    let (refused, may_pass) = fault(&missing).await;
    assert!(!may_pass && refused.contains("does not exist") && refused.contains("CREATE DATABASE"), "{refused}");

    let mut silent = url.clone();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    silent.set_port(Some(nobody.port())).unwrap();
    let (refused, may_pass) = fault(&silent).await;
    assert!(may_pass && refused.contains("PostgreSQL runs there"), "{refused}");

    // A user who may read, and make nothing.
    let role = url.path().trim_start_matches('/').replace("test_", "role_");
    database
        .meddle(format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
             GRANT USAGE ON SCHEMA public TO {role}"
        ))
        .await;
    let mut poor = url.clone();
    poor.set_username(&role).unwrap();
    poor.set_password(Some(PASSWORD)).unwrap();
    let (refused, may_pass) = fault(&poor).await;
    assert!(!may_pass && refused.contains("permission denied") && refused.contains("GRANT CREATE"), "{refused}");

    poor.query_pairs_mut().append_pair("options", "-c search_path=elsewhere");
    let (refused, may_pass) = fault(&poor).await;
    assert!(!may_pass && refused.contains("search_path") && refused.contains("CREATE SCHEMA"), "{refused}");
    database.meddle(format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    assert!(database.connect().await.close().await.is_ok());
}

#[tokio::test]
async fn a_server_lives_in_the_schema_that_its_address_names() {
    let database = Database::new().await;
    database.meddle("CREATE SCHEMA one; CREATE SCHEMA two".to_owned()).await;
    let of = |schema: &str| {
        let mut url: Url = database.url().parse().unwrap();
        url.query_pairs_mut().append_pair("options", &format!("-c search_path={schema}"));
        url
    };
    // Two of them in one database do not stand in each other's way.
    let one = Store::open(of("one").as_str(), Path::new("/"), realm(), [].into()).await.unwrap();
    let two = Store::open(of("two").as_str(), Path::new("/"), realm(), [].into()).await.unwrap();
    let carol = crate::bench::passport(crate::bench::CAROL);
    assert!(one.add_account(&carol, "", "").await.unwrap());
    assert_eq!((one.accounts().await.unwrap().len(), two.accounts().await.unwrap().len()), (1, 0));
}

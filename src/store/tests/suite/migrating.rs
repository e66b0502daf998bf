//! Databases that earlier versions have made.

use std::collections::BTreeSet;

use bridge::Action;
use chrysalis_test_postgres::Database;
use domain::{Content, account::Prompt, conversation::Body};
use sqlx::{AnyConnection, Connection, migrate::Migrator};
use store::{Lane, Store};
use tempfile::TempDir;

use crate::bench::{CAROL, DAVE, Home, loopback, network, open, passport, realm};

static IN_FILES: Migrator = sqlx::migrate!("../../migrations/sqlite");
static ON_SERVERS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// What stands in a database of each form: what that form brought, and no more than one row of a kind. `$1` is a
/// content or an action.
const ROWS: [(i64, &[&str]); 7] = [
    (
        1,
        &[
            "INSERT INTO account VALUES ('carol@msn.example', 'Carol', 'hash', 1, 'everybody', 'never', 2, 3)",
            "INSERT INTO account VALUES ('dave@msn.example', 'Dave', 'hash', 1, 'everybody', 'ask', 2, 3)",
            "INSERT INTO property VALUES ('carol@msn.example', 'PHM', '555')",
            "INSERT INTO address (network, kind, target, passport, name)
             VALUES ('loopback', 'person', 'ann', 'ann@loopback.msn.example', 'Ann')",
            "INSERT INTO contact VALUES ('carol@msn.example', 'ann@loopback.msn.example',
             '00000000-0000-4000-8000-000000000001', 3, 'Ann')",
            "INSERT INTO contact VALUES ('carol@msn.example', 'dave@msn.example',
             '00000000-0000-4000-8000-000000000002', 11, 'Dave')",
            "INSERT INTO list_group (owner, guid, name)
             VALUES ('carol@msn.example', '00000000-0000-4000-8000-000000000003', 'Friends')",
            "INSERT INTO membership
             VALUES ('carol@msn.example', 'dave@msn.example', '00000000-0000-4000-8000-000000000003')",
            "INSERT INTO departed VALUES ('carol@msn.example', 'ben@loopback.msn.example')",
            "INSERT INTO message (id, author_name, sent, content) VALUES (41, 'Ann', 5, $1)",
            "INSERT INTO delivery VALUES ('carol@msn.example', 41, 'ann@loopback.msn.example')",
            "INSERT INTO outbox (key, owner, contact, action, attempt)
             VALUES ('key', 'carol@msn.example', 'ann@loopback.msn.example', $1, 0)",
            "INSERT INTO message_map (owner, network, remote, message, kept)
             VALUES ('carol@msn.example', 'loopback', 'old', 41, 5)",
            "INSERT INTO bridge_value VALUES ('loopback', 'cursor', '7')",
        ],
    ),
    (
        2,
        &[
            "INSERT INTO media_link VALUES ('token', 'blob', 'name', 'image/png', 1, 1)",
            "INSERT INTO account_setting VALUES ('carol@msn.example', 'time zone', 'Europe/Rome')",
        ],
    ),
    (
        3,
        &[
            "INSERT INTO contact_setting VALUES ('carol@msn.example', 'ann@loopback.msn.example', 'attention', 'mentions')",
            "UPDATE address SET topic = 'herself'",
        ],
    ),
    (
        4,
        &["INSERT INTO room_invitation (owner, contact, asker, asked, prompted, answered)
             VALUES ('carol@msn.example', 'ann@loopback.msn.example', 'Ben', 1, 1, 1)"],
    ),
    (5, &[]),
    (6, &[]),
    (7, &["INSERT INTO removed VALUES ('matrix', 'gone@msn.example')"]),
];

fn migrations() -> &'static Migrator {
    if chrysalis_test_postgres::is_chosen() { &ON_SERVERS } else { &IN_FILES }
}

async fn fill(connection: &mut AnyConnection, version: i64) {
    let content = serde_json::to_string(&Content::text("from long ago")).unwrap();
    let action = serde_json::to_string(&Action::Befriend).unwrap();
    let rows = ROWS.iter().find(|(at, _)| *at == version).map_or(&[][..], |(_, rows)| rows);
    for row in rows {
        let json = if row.contains("INTO outbox") { &action } else { &content };
        let query = sqlx::query(*row);
        let query = if row.contains("$1") { query.bind(json) } else { query };
        query.execute(&mut *connection).await.unwrap();
    }
}

/// What stands there is what was written in the first form, whichever form came after it.
async fn look(store: &Store) {
    let record = store.load(&passport(CAROL)).await.unwrap().unwrap();
    assert_eq!((record.name.as_str(), record.prompt), ("Carol", Prompt::Never));
    assert_eq!(record.properties.get("PHM").map(String::as_str), Some("555"));
    let lists: Vec<_> =
        record.contacts.iter().map(|each| (each.name.as_str(), each.lists.bits(), each.groups.len())).collect();
    assert_eq!((lists, record.groups[0].name.as_str()), (vec![("Ann", 3, 0), ("Dave", 11, 1)], "Friends"));
    let waiting = store.waiting(&passport(CAROL), None, 9).await.unwrap();
    assert_eq!(waiting[0].body, Body::Content(Content::text("from long ago")));
    assert!(store.next_message() > waiting[0].id);
    let lane = Lane { owner: passport(CAROL), contact: passport("ann@loopback.msn.example") };
    let order = store.next_order(&lane).await.unwrap().unwrap();
    assert_eq!((order.order.key.as_str(), &order.order.action), ("key", &Action::Befriend));
    assert_eq!(store.get(&loopback(), "cursor").await.unwrap().as_deref(), Some("7"));
    assert_eq!(store.password_hash(&passport(DAVE)).await.unwrap().as_deref(), Some("hash"));
    store.delivered(&passport(CAROL), &[waiting[0].id]).await.unwrap();
    store.order(&passport(CAROL), &lane.contact, Action::Unfriend).await.unwrap();
    assert_eq!(store.waiting(&passport(CAROL), None, 9).await.unwrap(), []);
}

#[tokio::test]
async fn a_database_of_any_form_is_brought_to_the_newest_with_all_that_stands_in_it() {
    let versions: Vec<i64> = migrations().iter().map(|migration| migration.version).collect();
    for last in &versions {
        let directory = Home::new().await;
        std::fs::create_dir(directory.path().join("data")).unwrap();
        std::fs::File::create(directory.path().join("data/chrysalis.db")).unwrap();
        let mut connection = directory.connect().await;
        for version in versions.iter().filter(|version| *version <= last) {
            migrations().run_to(*version, &mut connection).await.unwrap();
            fill(&mut connection, *version).await;
        }
        connection.close().await.unwrap();
        let store = open(&directory, &["loopback"]).await;
        look(&store).await;
        if *last >= 2 {
            assert_eq!(store.time_zone(&passport(CAROL)).await.unwrap().as_deref(), Some("Europe/Rome"));
        }
        if *last >= 7 {
            assert_eq!(store.removed(&network("matrix")).await.unwrap(), [passport("gone@msn.example")]);
        }
        store.close().await;
    }
}

/// What stands in only one of the two.
fn differences<One: Ord>(left: Vec<One>, right: Vec<One>) -> Vec<One> {
    let (left, mut right): (BTreeSet<One>, BTreeSet<One>) = (left.into_iter().collect(), right.into_iter().collect());
    let mut apart: Vec<One> = left.into_iter().filter(|one| !right.remove(one)).collect();
    apart.extend(right);
    apart
}

#[tokio::test]
async fn both_databases_have_the_same_forms() {
    let numbers = |migrator: &Migrator| {
        migrator.iter().map(|each| (each.version, each.description.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&IN_FILES), numbers(&ON_SERVERS), "migrations/sqlite and migrations/postgres");

    let (directory, database) = (TempDir::new().unwrap(), Database::new().await);
    for url in ["sqlite://chrysalis.db".to_owned(), database.url()] {
        Store::open(&url, directory.path(), realm(), [].into()).await.unwrap().close().await;
    }
    let file = format!("sqlite://{}", directory.path().join("chrysalis.db").display());
    let mut file = AnyConnection::connect(&file).await.unwrap();
    let mut server = AnyConnection::connect(&database.url()).await.unwrap();
    let columns: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT form.name, part.name, CASE part.type WHEN 'INTEGER' THEN 'BIGINT' ELSE part.type END,
                CASE part.\"notnull\" WHEN 1 THEN 'NO' ELSE 'YES' END
         FROM sqlite_master AS form JOIN pragma_table_info(form.name) AS part
         WHERE form.type = 'table' AND form.name NOT IN ('_sqlx_migrations', 'sqlite_sequence')",
    )
    .fetch_all(&mut file)
    .await
    .unwrap();
    let there: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT table_name::TEXT, column_name::TEXT, CASE data_type WHEN 'bytea' THEN 'BLOB' ELSE upper(data_type) END,
                is_nullable::TEXT
         FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut server)
    .await
    .unwrap();
    assert!(columns.len() > 100, "{columns:?}");
    assert_eq!(differences(columns, there), []);

    let named = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    let indexes: Vec<String> = sqlx::query_scalar(named).fetch_all(&mut file).await.unwrap();
    let named = "SELECT indexname::TEXT FROM pg_indexes WHERE schemaname = current_schema()
                 AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_key'";
    let there: Vec<String> = sqlx::query_scalar(named).fetch_all(&mut server).await.unwrap();
    assert_eq!(differences(indexes, there), [""; 0]);

    let keys =
        "SELECT form.name, part.name, part.pk FROM sqlite_master AS form JOIN pragma_table_info(form.name) AS part
                WHERE form.type = 'table' AND form.name <> '_sqlx_migrations' AND part.pk > 0";
    let keys: Vec<(String, String, i64)> = sqlx::query_as(keys).fetch_all(&mut file).await.unwrap();
    let named = "SELECT part.table_name::TEXT, part.column_name::TEXT, part.ordinal_position::BIGINT
                 FROM information_schema.key_column_usage AS part
                 JOIN information_schema.table_constraints AS form
                   ON form.constraint_name = part.constraint_name AND form.table_schema = part.table_schema
                 WHERE form.constraint_type = 'PRIMARY KEY' AND form.table_schema = current_schema() AND form.table_name <> '_sqlx_migrations'";
    let there: Vec<(String, String, i64)> = sqlx::query_as(named).fetch_all(&mut server).await.unwrap();
    assert_eq!(differences(keys, there), []);

    let named = "SELECT table_name::TEXT FROM information_schema.columns WHERE table_schema = current_schema()
                 AND data_type = 'text' AND table_name <> '_sqlx_migrations' AND COALESCE(collation_name, '') <> 'C'";
    let by_language: Vec<String> = sqlx::query_scalar(named).fetch_all(&mut server).await.unwrap();
    assert_eq!(by_language, [""; 0], "texts compare by their bytes");
}

//! Accounts.

use axum::{Json, extract::State, response::IntoResponse};
use domain::Timestamp;
use http::{StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use server::{AccountHealth, AccountLine};
use utoipa::ToSchema;

use crate::{
    bodies::{Asked, Body, Place, owner},
    desk::{Desk, written},
    links::Link,
    problem::{Kind, Problem},
};

/// How many accounts stand on one page, unless something else is asked for, and at most.
const USUAL: usize = 100;
const MOST: usize = 1000;

/// What of an address means something in a path; what addresses mostly have is left as it is.
const ADDRESS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'@').remove(b'.').remove(b'-').remove(b'_').remove(b'+').remove(b'=');

/// An account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Account {
    /// Its address.
    #[schema(example = "ann@msn.example")]
    address: String,
    /// The name that its contacts see.
    #[schema(example = "Ann")]
    name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created: String,
    /// How many stand on its contact list.
    contacts: usize,
}

impl From<AccountLine> for Account {
    fn from(AccountLine { passport, name, created, contacts }: AccountLine) -> Self {
        Self { address: passport, name, created: written(Timestamp(created)), contacts }
    }
}

/// Some of all accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountPage {
    accounts: Vec<Account>,
    /// How many accounts have the words that were looked for, on this page or not.
    count: usize,
    /// What to ask for as `after` for the next page; null on the last.
    next: Option<String>,
}

/// An account, and how it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountState {
    #[serde(flatten)]
    account: Account,
    /// Whether Messenger is signed in.
    signed_in: bool,
    /// How many messages wait for it.
    unread: u64,
    /// The links that it has made itself.
    links: Vec<Link>,
    /// How many orders its networks have given up within 30 days; `GET /v1/orders` lists them.
    given_up: usize,
}

/// Which accounts are meant.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountSearch {
    /// Words that are in the address or the name, whatever the case.
    #[serde(default)]
    search: String,
    /// The address after which the page begins.
    #[serde(default)]
    after: String,
    /// How many accounts stand on the page: 1 to 1000, 100 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// An account that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// Its address, by which it signs in.
    #[schema(example = "ann@msn.example")]
    address: String,
    /// The name that its contacts see; its address if left out.
    name: Option<String>,
    /// Its password: 8 characters or more.
    #[schema(format = Password)]
    password: String,
}

/// What an account is to be called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renaming {
    /// The name that its contacts see.
    name: String,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The password: 8 characters or more.
    #[schema(format = Password)]
    password: String,
}

/// List accounts, in the order of their addresses
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(AccountSearch), responses((status = 200, body = AccountPage)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    Asked(asked): Asked<AccountSearch>,
) -> Result<Json<AccountPage>, Problem> {
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::new(Kind::Unfit, format!("limit is {limit}: ask for 1 to {MOST} accounts")));
    }
    let page = desk.handle.oversight().accounts(&asked.search, &asked.after, limit).await?;
    let next = page.accounts.last().filter(|_| page.has_more).map(|account| account.passport.clone());
    let accounts = page.accounts.into_iter().map(Account::from).collect();
    Ok(Json(AccountPage { accounts, count: page.count, next }))
}

/// Make an account; it can sign in at once
#[utoipa::path(
    post, path = "/v1/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = Account, headers(("Location" = String, description = "The account's path"))))
)]
pub(crate) async fn add(
    State(desk): State<Desk>,
    Body(wanted): Body<NewAccount>,
) -> Result<impl IntoResponse, Problem> {
    let NewAccount { address, name, password } = wanted;
    let oversight = desk.handle.oversight();
    oversight.add_account(&address, name.as_deref(), &password).await?;
    let owner = owner(address.trim())?;
    let health = oversight.account(&owner).await?.ok_or_else(|| Problem::no_account(&owner))?;
    let place = [(header::LOCATION, place_of(&owner))];
    Ok((StatusCode::CREATED, place, Json(Account::from(health.account))))
}

/// The path of an account, whose address may hold what means something else there.
fn place_of(owner: &domain::Passport) -> String {
    format!("/v1/accounts/{}", utf8_percent_encode(owner.as_str(), ADDRESS))
}

/// Get an account, and how it is
#[utoipa::path(
    get, path = "/v1/accounts/{address}", tag = "accounts", params(("address" = String, Path, description = "The account's address")),
    responses((status = 200, body = AccountState))
)]
pub(crate) async fn get(
    State(desk): State<Desk>,
    Place(address): Place<String>,
) -> Result<Json<AccountState>, Problem> {
    let owner = owner(&address)?;
    let health = desk.handle.oversight().account(&owner).await?.ok_or_else(|| Problem::no_account(&owner))?;
    let AccountHealth { account, links, given_up, unread, is_present } = health;
    Ok(Json(AccountState {
        account: Account::from(account),
        signed_in: is_present,
        unread,
        links: links.into_iter().map(Link::from).collect(),
        given_up: given_up.len(),
    }))
}

/// Give an account another name
#[utoipa::path(
    patch, path = "/v1/accounts/{address}", tag = "accounts", request_body = Renaming,
    params(("address" = String, Path, description = "The account's address")), responses((status = 200, body = AccountState))
)]
pub(crate) async fn rename(
    State(desk): State<Desk>,
    Place(address): Place<String>,
    Body(Renaming { name }): Body<Renaming>,
) -> Result<Json<AccountState>, Problem> {
    let owner = known(&desk, &address).await?;
    desk.handle.portal().rename(&owner, &name).await?;
    get(State(desk), Place(address)).await
}

/// Remove an account with everything that is its own; whoever is signed in to it is signed out
#[utoipa::path(
    delete, path = "/v1/accounts/{address}", tag = "accounts",
    params(("address" = String, Path, description = "The account's address")), responses((status = 204))
)]
pub(crate) async fn remove(State(desk): State<Desk>, Place(address): Place<String>) -> Result<StatusCode, Problem> {
    desk.handle.oversight().remove_account(owner(&address)?.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give an account another password; whoever is signed in to it is signed out
#[utoipa::path(
    put, path = "/v1/accounts/{address}/password", tag = "accounts", request_body = NewPassword,
    params(("address" = String, Path, description = "The account's address")), responses((status = 204))
)]
pub(crate) async fn set_password(
    State(desk): State<Desk>,
    Place(address): Place<String>,
    Body(NewPassword { password }): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    desk.handle.oversight().set_password(owner(&address)?.as_str(), &password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose account is meant, if there is such an account.
pub(crate) async fn known(desk: &Desk, address: &str) -> Result<domain::Passport, Problem> {
    let owner = owner(address)?;
    if desk.handle.oversight().exists(&owner).await? { Ok(owner) } else { Err(Problem::no_account(&owner)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_path_whatever_its_address_holds() {
        for (address, path) in [
            ("ann.b-c+d@msn.example", "/v1/accounts/ann.b-c+d@msn.example"),
            ("a/b?c#d{e}@msn.example", "/v1/accounts/a%2Fb%3Fc%23d%7Be%7D@msn.example"),
        ] {
            assert_eq!(place_of(&address.parse().unwrap()), path);
        }
    }
}

//! What the web asks of the server behind it.

use std::net::IpAddr;

use ::server::{
    GatewaySession, LinkAnswers, LinkFault, LinkPage, MediaFile, Onward, PasswordFault, Portal, Refusal, Ticket,
};
use async_trait::async_trait;
use domain::Passport;

/// Decides who may sign in, gives out tickets, and changes passwords.
#[async_trait]
pub trait Authority: Send + Sync + 'static {
    /// Gives a ticket when the password is right. Slow on purpose, and equally slow for an account that does not exist, so
    /// that nobody learns who has one. `passport` is what the client wrote: it may be no address at all. The ticket is of the
    /// base64url alphabet without `=`, at most 100 bytes: nothing in it has to be escaped in any dialect.
    async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal>;

    /// Whether passwords can be looked at now, and something be kept. Tried at most once a second, whoever asks.
    async fn is_at_work(&self) -> bool;

    /// Whose ticket this is, if it is one and still good.
    fn holder(&self, ticket: &str) -> Option<Passport>;

    /// The friendly name of an account.
    async fn account_name(&self, passport: &Passport) -> Option<String>;

    /// Gives an account another password, for somebody who knows the one it has. All its tickets end.
    async fn change_password(
        &self,
        passport: &Passport,
        old: &str,
        new: &str,
        from: IpAddr,
    ) -> Result<(), PasswordFault>;
}

/// Serves clients whose bytes come by the HTTP gateway.
pub trait Carrier: Send + Sync + 'static {
    /// Opens a session for a client at this address, unless there are too many.
    fn open_gateway(&self, from: IpAddr) -> Option<GatewaySession>;
}

/// Has the files that media addresses lead to.
#[async_trait]
pub trait Library: Send + Sync + 'static {
    /// The file that a media address leads to, by the part of it that cannot be guessed.
    async fn media(&self, token: &str) -> Option<MediaFile>;
}

/// Makes the links of accounts that were given a page for it. A page is known by a part of its address that nobody guesses, and which no
/// log may have.
#[async_trait]
pub trait Linker: Send + Sync + 'static {
    /// What stands on a page now.
    async fn link_page(&self, token: &str) -> Result<LinkPage, LinkFault>;

    /// Links the account of a page by its answers to a way, or says where its browser has to go for that.
    async fn link_by_page(&self, token: &str, way: &str, answers: LinkAnswers) -> Result<Onward, LinkFault>;

    /// A browser is back with what stands in the address that it came by: the account of the page is linked.
    async fn return_to_page(&self, token: &str, brought: &LinkAnswers) -> Result<(), LinkFault>;

    /// Does something with the link of a page's account; says what came of it, in whole sentences.
    async fn perform_by_page(&self, token: &str, task: &str, answers: LinkAnswers) -> Result<String, LinkFault>;
}

/// Has what people do with their accounts on pages.
pub trait Porter: Send + Sync + 'static {
    /// What people do on pages; `None` where there are no pages for people.
    fn portal(&self) -> Option<Portal>;
}

/// Everything that the web asks of the server behind it.
pub trait Backend: Authority + Carrier + Library + Linker + Porter {}

impl<T: Authority + Carrier + Library + Linker + Porter> Backend for T {}

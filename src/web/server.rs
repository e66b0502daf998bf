//! The running server behind the web.

use std::net::IpAddr;

use ::server::{GatewaySession, Handle, MediaFile, PasswordFault, Refusal, Ticket};
use async_trait::async_trait;
use domain::Passport;

use crate::{
    Authority,
    authority::{Carrier, Library},
};

#[async_trait]
impl Authority for Handle {
    async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal> {
        Self::sign_in(self, passport, password, from).await
    }

    fn holder(&self, ticket: &str) -> Option<Passport> {
        Self::holder(self, ticket)
    }

    async fn account_name(&self, passport: &Passport) -> Option<String> {
        Self::account_name(self, passport).await
    }

    async fn change_password(
        &self,
        passport: &Passport,
        old: &str,
        new: &str,
        from: IpAddr,
    ) -> Result<(), PasswordFault> {
        Self::change_password(self, passport, old, new, from).await
    }
}

impl Carrier for Handle {
    fn open_gateway(&self, from: IpAddr) -> Option<GatewaySession> {
        Self::open_gateway(self, from)
    }
}

#[async_trait]
impl Library for Handle {
    async fn media(&self, token: &str) -> Option<MediaFile> {
        Self::media(self, token).await
    }
}

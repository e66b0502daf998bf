//! The running server behind the web.

use std::net::IpAddr;

use ::server::{
    GatewaySession, Handle, LinkAnswers, LinkFault, LinkPage, MediaFile, Onward, PasswordFault, Portal, Refusal, Ticket,
};
use async_trait::async_trait;
use domain::Passport;

use crate::{
    Authority,
    authority::{Carrier, Library, Linker, Porter},
};

#[async_trait]
impl Authority for Handle {
    async fn sign_in(&self, passport: &str, password: &str, from: IpAddr) -> Result<Ticket, Refusal> {
        Self::sign_in(self, passport, password, from).await
    }

    async fn is_at_work(&self) -> bool {
        self.readiness().await.store.is_none()
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

impl Porter for Handle {
    fn portal(&self) -> Option<Portal> {
        Some(Self::portal(self))
    }
}

#[async_trait]
impl Library for Handle {
    async fn media(&self, token: &str) -> Option<MediaFile> {
        Self::media(self, token).await
    }
}

#[async_trait]
impl Linker for Handle {
    async fn link_page(&self, token: &str) -> Result<LinkPage, LinkFault> {
        self.linking().page(token).await
    }

    async fn link_by_page(&self, token: &str, way: &str, answers: LinkAnswers) -> Result<Onward, LinkFault> {
        self.linking().link_by_page(token, way, answers).await
    }

    async fn return_to_page(&self, token: &str, brought: &LinkAnswers) -> Result<(), LinkFault> {
        self.linking().return_to_page(token, brought).await
    }

    async fn perform_by_page(&self, token: &str, task: &str, answers: LinkAnswers) -> Result<String, LinkFault> {
        self.linking().perform_by_page(token, task, answers).await
    }
}

//! What is served of the OpenAPI document.

use std::sync::{Arc, OnceLock};

use actix_web::web::{self, Bytes};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;

use super::openapi::document;
use crate::error::{Error, Result};

/// The document as it is served, and the methods of its paths. Made when it is first asked for, and only what is served of it
/// is kept: as a whole it takes tens of megabytes.
#[derive(Default)]
pub struct Served(OnceLock<Made>);

/// What is kept of the document.
pub struct Made {
    /// As JSON.
    pub json: Bytes,
    paths: Vec<(String, Vec<&'static str>)>,
}

impl Served {
    /// What is kept of the document; made beside the worker's other requests.
    ///
    /// # Errors
    /// When it cannot be made, which is a defect.
    pub async fn made(self: Arc<Self>) -> Result<Arc<Self>> {
        if self.0.get().is_some() {
            return Ok(self);
        }
        let making = web::block(move || {
            self.0.get_or_init(|| Made::of(&document()));
            self
        });
        making.await.map_err(|error| Error::Internal(format!("the OpenAPI document: {error}")))
    }

    /// What was made.
    #[must_use]
    pub fn get(&self) -> Option<&Made> {
        self.0.get()
    }
}

impl Made {
    fn of(document: &OpenApi) -> Self {
        let methods = |item: &PathItem| {
            let methods = [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            methods.into_iter().filter(|(_, known)| *known).map(|(method, _)| method).collect()
        };
        let paths = document.paths.paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect();
        Self { json: document.to_json().unwrap_or_default().into(), paths }
    }

    /// The methods of a documented path, for 405.
    #[must_use]
    pub fn methods_of(&self, path: &str) -> Vec<&'static str> {
        let matches = |template: &str| {
            let (mut wanted, mut given) = (template.split('/'), path.split('/'));
            wanted
                .by_ref()
                .zip(given.by_ref())
                .all(|(wanted, given)| wanted == given || wanted.starts_with('{') && !given.is_empty())
                && template.split('/').count() == path.split('/').count()
        };
        let literal = self.paths.iter().find(|(template, _)| template == path);
        let found = literal.or_else(|| self.paths.iter().find(|(template, _)| matches(template)));
        found.map(|(_, methods)| methods.clone()).unwrap_or_default()
    }
}

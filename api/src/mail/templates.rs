//! The templates of e-mails: those that are built in, in English and German, and those of the shop's folder
//! (`MERX_TEMPLATES_DIR`), which go first and may be in any language.
//!
//! `{language}/{kind}.txt` begins with a line `Subject: …`; `{language}/{kind}.html` is what mail programs show. The
//! built-in HTML is made from the MJML beside it: `MERX_BLESS=1 script/test templates`.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::content::{Content, Shop};
use super::format::Format;
use super::render::Rendered;
use super::{EmailKind, samples};
use crate::http::html;

/// The language of mails in a language that there are no templates in.
const FALLBACK: &str = "en";

macro_rules! built_in {
    ($($language:literal: [$($kind:literal),+ $(,)?]),+ $(,)?) => {
        &[$($(
            (concat!($language, "/", $kind, ".txt"), include_str!(concat!("../../templates/mail/", $language, "/", $kind, ".txt"))),
            (concat!($language, "/", $kind, ".html"), include_str!(concat!("../../templates/mail/", $language, "/", $kind, ".html"))),
        )+)+]
    };
}

/// The built-in templates by name, sorted.
#[rustfmt::skip]
const BUILT_IN: &[(&str, &str)] = built_in! {
    "de": [
        "account_exists", "alert", "order_cancelled", "order_confirmation", "order_delivered", "order_link",
        "order_refunded", "order_shipped", "password_changed", "payment_failed", "payment_pending", "reset_password",
        "staff_invitation", "staff_password_changed", "staff_password_reset", "verify_email",
    ],
    "en": [
        "account_exists", "alert", "order_cancelled", "order_confirmation", "order_delivered", "order_link",
        "order_refunded", "order_shipped", "password_changed", "payment_failed", "payment_pending", "reset_password",
        "staff_invitation", "staff_password_changed", "staff_password_reset", "verify_email",
    ],
};

fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

/// The shop's templates by name: `fr/order_link.txt`.
type Own = BTreeMap<String, String>;

/// All templates, ready to be rendered.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    /// Each language and kind that the shop has templates of, in any language.
    own: Vec<(String, EmailKind)>,
}

impl Templates {
    /// Reads the shop's folder, if there is one, and tries each of its templates.
    ///
    /// # Errors
    /// One line that names the file and what is wrong with it.
    pub fn load(folder: Option<&Path>) -> Result<Self, String> {
        let wrong = |error: String| format!("MERX_TEMPLATES_DIR is not valid: {error}.");
        let files = folder.map_or(Ok(Own::new()), read_folder).map_err(wrong)?;
        let own = pairs(&files).map_err(wrong)?;
        let templates = Self { environment: environment(files)?, own };
        for (language, kind) in &templates.own {
            let shop = Shop { name: "Shop".to_owned(), url: "https://shop.example".to_owned() };
            templates.say(language, *kind, &samples::content(*kind, shop, Format::of(language))).map_err(wrong)?;
        }
        Ok(templates)
    }

    /// The language that a kind is said in to somebody who reads this one: it, its primary language, or English.
    pub(super) fn language(&self, kind: EmailKind, wanted: Option<&str>) -> String {
        let primary = wanted.and_then(|tag| tag.split('-').next());
        let knows = |language: &&str| {
            self.own.iter().any(|(own, its)| own == language && *its == kind)
                || built_in(&format!("{language}/{kind}.txt")).is_some()
        };
        [wanted, primary].into_iter().flatten().find(knows).unwrap_or(FALLBACK).to_owned()
    }

    /// Says an e-mail in a language.
    ///
    /// # Errors
    /// The template, its line and what is wrong.
    pub(super) fn say(&self, language: &str, kind: EmailKind, content: &Content) -> Result<Rendered, String> {
        let (text_name, html_name) = (format!("{language}/{kind}.txt"), format!("{language}/{kind}.html"));
        let text = self.one(&text_name, content, "")?;
        let Some((subject, text)) = text.strip_prefix("Subject: ").and_then(|rest| rest.split_once('\n')) else {
            return Err(format!("{text_name}: the first line must be `Subject: …`"));
        };
        let subject = subject.trim();
        if subject.is_empty() {
            return Err(format!("{text_name}: the subject is empty"));
        }
        let html = self.one(&html_name, content, subject)?;
        Ok(Rendered { subject: subject.to_owned(), text: tidy(text), html })
    }

    fn one(&self, name: &str, content: &Content, subject: &str) -> Result<String, String> {
        let Content { shop, link, order, shipment, refund, invoice, cancellation, alerts } = content;
        let rendered = self.environment.get_template(name).and_then(|template| {
            template.render(context! {
                subject, link,
                shop => Serde(shop),
                order => Serde(order),
                shipment => Serde(shipment),
                refund => Serde(refund),
                invoice => Serde(invoice),
                cancellation => Serde(cancellation),
                alerts => Serde(alerts),
            })
        });
        rendered.map_err(|error| {
            let line = error.line().map(|line| format!(" line {line}")).unwrap_or_default();
            let detail = error.detail().map(str::to_owned).unwrap_or_else(|| error.kind().to_string());
            format!("{}{line}: {detail}", error.name().unwrap_or(name))
        })
    }
}

fn environment(own: Own) -> Result<Environment<'static>, String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment.set_formatter(html::write);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    environment.set_loader(move |name| Ok(own.get(name).cloned().or_else(|| built_in(name).map(str::to_owned))));
    Ok(environment)
}

/// No more than one empty line in a row, as conditions leave some.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.trim().lines().map(str::trim_end) {
        if !(line.is_empty() && tidy.ends_with("\n\n")) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
}

/// Every file of the folder's folders, which must all be templates.
fn read_folder(folder: &Path) -> Result<Own, String> {
    let mut own = Own::new();
    for language in entries(folder)? {
        for file in entries(&folder.join(&language))? {
            let name = format!("{language}/{file}");
            let source = std::fs::read_to_string(folder.join(&name)).map_err(|error| format!("{name}: {error}"))?;
            own.insert(name, source);
        }
    }
    Ok(own)
}

/// Names in a folder, without hidden ones.
fn entries(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

/// What the folder's templates say, each with its text and its HTML; built-in ones may stand in for either.
fn pairs(own: &Own) -> Result<Vec<(String, EmailKind)>, String> {
    let mut found = Vec::new();
    for name in own.keys() {
        let parsed = name.split_once('/').and_then(|(language, file)| Some((language, file.rsplit_once('.')?)));
        let known = parsed.and_then(|(language, (kind, extension))| {
            let locale: crate::locale::Locale = language.parse().ok()?;
            let is_usual = locale.as_str() == language && matches!(extension, "txt" | "html");
            Some((language.to_owned(), kind.parse::<EmailKind>().ok().filter(|_| is_usual)?))
        });
        let Some((language, kind)) = known else {
            let kinds = EmailKind::ALL.map(EmailKind::as_str).join(", ");
            return Err(format!(
                "{name}: names are those of a language (`fr`, `pt-BR`) and a kind, such as fr/order_link.txt and \
                 fr/order_link.html; kinds are {kinds}"
            ));
        };
        for other in [format!("{language}/{kind}.txt"), format!("{language}/{kind}.html")] {
            if !own.contains_key(&other) && built_in(&other).is_none() {
                return Err(format!("{other} is missing beside {name}"));
            }
        }
        if !found.contains(&(language.clone(), kind)) {
            found.push((language, kind));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_built_in_in_every_language_and_says_its_sample() {
        let templates = Templates::load(None).unwrap();
        for language in ["en", "de"] {
            for kind in EmailKind::ALL {
                let shop = Shop { name: "A & B".to_owned(), url: "https://shop.example".to_owned() };
                let said = templates.say(language, kind, &samples::content(kind, shop, Format::of(language))).unwrap();
                assert!(said.html.contains("A &amp; B") && said.text.contains("A & B"), "{language} {kind}");
                assert!(!said.text.contains("\n\n\n") && !said.text.contains("{%"), "{language} {kind}: {}", said.text);
                assert_eq!(templates.language(kind, Some(language)), language);
            }
        }
        assert_eq!(templates.language(EmailKind::Alert, Some("de-AT")), "de");
        assert_eq!(templates.language(EmailKind::Alert, Some("fr")), "en");
        assert_eq!(templates.language(EmailKind::Alert, None), "en");
    }

    #[test]
    fn a_wrong_template_stops_the_start_with_its_name_and_line() {
        let folder = std::env::temp_dir().join(format!("merx-templates-{}", uuid::Uuid::new_v4()));
        let write = |name: &str, source: &str| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, source).unwrap();
        };
        let load = || Templates::load(Some(&folder));
        assert!(load().unwrap_err().starts_with("MERX_TEMPLATES_DIR is not valid: "));
        write("fr/order_link.txt", "Subject: Commande {{ order.number }}\n\n{{ link }}\n");
        assert!(load().unwrap_err().contains("fr/order_link.html is missing beside fr/order_link.txt"));
        write("fr/order_link.html", "<p>\n{{ order.nummer }}</p>");
        let error = load().unwrap_err();
        assert!(error.contains("fr/order_link.html line 2: "), "{error}");
        write("fr/order_link.html", "<p>{{ order.number }}</p>");
        let templates = load().unwrap();
        assert_eq!(templates.language(EmailKind::OrderLink, Some("fr-CA")), "fr");
        assert_eq!(templates.language(EmailKind::Alert, Some("fr")), "en");
        write("fr/order_link.txt", "Commande");
        assert!(load().unwrap_err().contains("the first line must be `Subject: …`"));
        std::fs::remove_file(folder.join("fr/order_link.txt")).unwrap();
        assert!(load().unwrap_err().contains("fr/order_link.txt is missing beside fr/order_link.html"));
        std::fs::remove_file(folder.join("fr/order_link.html")).unwrap();
        write("fr/orders_link.txt", "Subject: x\n");
        assert!(load().unwrap_err().contains("kinds are"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_customers_write_is_text_in_html() {
        let templates = Templates::load(None).unwrap();
        let shop = Shop { name: "<b>&\"".to_owned(), url: "https://shop.example/?a=\"><script>".to_owned() };
        let content = samples::content(EmailKind::OrderConfirmation, shop, Format::of("en"));
        let said = templates.say("en", EmailKind::OrderConfirmation, &content).unwrap();
        assert!(!said.html.contains("<script>") && !said.html.contains("<b>"), "{}", said.html);
    }
}

//! Tax: what is asked ([`question`]), the rate table ([`table`]), the provider's answers ([`store`], [`ask`]), and the
//! record of a sale ([`record`]) and of what was given back of it ([`reverse`]).

pub mod admin;
pub mod ask;
pub mod model;
pub mod question;
pub mod record;
pub mod reverse;
pub mod settings;
pub mod store;
pub mod table;
